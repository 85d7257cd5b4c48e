-- Ends the sessions of a server that is down while others are up: if it hangs, they would wait for `timeout server`.
-- `on-marked-down shutdown-sessions` would also end requests that HAProxy is about to send to another server, among them
-- the request whose failed connection marked the server down.

-- Longer than `timeout connect`: by then, requests that could not connect have been sent to other servers.
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
