-- Sends calls to a gateway that has come up only when its API port has answered an HTTP request: its management port,
-- which the checks ask, opens seconds earlier. The API port is asked until it has answered once, because a gateway writes
-- each request into its logs.
-- CALL_BACKENDS: the backends of API calls, each as http=NAME or https=NAME, with spaces between them.

local pause_ms = 250
local limit_s = 2

local function answers(server, scheme)
  local address, port = server:get_addr():match("^(.*):(%d+)$")
  local socket = core.tcp()
  socket:settimeout(limit_s)
  local connect = scheme == "https" and socket.connect_ssl or socket.connect
  local line = connect(socket, address, tonumber(port))
    and socket:send("GET / HTTP/1.1\r\nHost: " .. address .. "\r\nConnection: close\r\n\r\n")
    and socket:receive("*l")
  socket:close()
  return line ~= nil and line ~= false and line:find("^HTTP/") ~= nil
end

-- A server that drains passes its checks without getting new requests. At the start, HAProxy takes all servers for up,
-- and so does this: a gateway that is slow when HAProxy loads other files goes on getting calls.
local function watch(server, scheme)
  local has_answered, drains = true, false
  while true do
    if server:get_stats().status:find("^DOWN") then
      has_answered = false
    elseif not has_answered then
      -- An error would end the task, and the server would drain for ever.
      local ok, answered = pcall(answers, server, scheme)
      if not ok then core.Warning("readyGateways.lua: " .. tostring(answered)) end
      has_answered = ok and answered
    end
    if has_answered == drains then
      drains = not has_answered
      if drains then server:set_drain() else server:set_ready() end
    end
    core.msleep(pause_ms)
  end
end

for entry in os.getenv("CALL_BACKENDS"):gmatch("%S+") do
  local scheme, name = entry:match("^(https?)=(.+)$")
  core.register_task(function()
    for _, server in pairs(core.backends[name].servers) do
      if server:get_stats().status ~= "no check" then
        core.register_task(function() watch(server, scheme) end)
      end
    end
  end)
end
