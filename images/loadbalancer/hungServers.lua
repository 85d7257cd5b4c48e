-- Ends what is under way on a server that is down while others are up: one that hangs would keep it for as long as
-- `timeout server`. Not by `on-marked-down shutdown-sessions`: that also ends requests which are just about to be sent
-- to another server, the one among them whose failed connection marked the server down.

-- Longer than `timeout connect`: by then, all that could not connect has gone to other servers.
local seconds_down = 3

local function end_sessions(servers)
  local down, others = {}, false
  for _, server in pairs(servers) do
    local stats = server:get_stats()
    if stats.status == "DOWN" and stats.lastchg >= seconds_down then
      table.insert(down, server)
    elseif stats.status:find("^UP") then
      others = true
    end
  end
  for _, server in ipairs(others and down or {}) do
    server:shut_sess()
  end
end

core.register_task(function()
  while true do
    core.msleep(500)
    for _, backend in pairs(core.backends) do
      end_sessions(backend.servers)
    end
  end
end)
