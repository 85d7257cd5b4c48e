-- A gateway that comes up gets calls once its API port has answered an HTTP request. The checks ask only its management
-- port, which opens seconds earlier. After one answer, the API port is not asked any more, because a gateway writes each
-- request into its logs.
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

-- A server that drains is checked, but gets no new requests. When HAProxy starts, it takes all servers for up. This does
-- so too, so that a gateway that is slow during a reload goes on getting calls.
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
