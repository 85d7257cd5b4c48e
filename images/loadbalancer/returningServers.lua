-- lua.returns(SERVER): whether a server of this backend was down and has passed some, but not yet all, of the checks after
-- which it is up.
core.register_fetches("returns", function(txn, name)
  local server = core.backends[txn.f:be_name()].servers[name]
  local passed = server and server:get_stats().status:match("^DOWN (%d+)/")
  return tonumber(passed or 0) > 0
end)
