-- Rotates over prepared requests; every thread has a server of its own when there are several.
--
-- WRK_REQUESTS names a file of whole HTTP requests, each after a line with its length in bytes;
-- WRK_PORTS lists the servers' ports, divided by spaces. The last line printed is JSON.

local threads = {}
local ports = {}
for port in os.getenv("WRK_PORTS"):gmatch("%d+") do
  ports[#ports + 1] = port
end

function setup(thread)
  thread.addr = wrk.lookup("127.0.0.1", ports[#threads % #ports + 1])[1]
  thread:set("place", #threads)
  threads[#threads + 1] = thread
end

local requests = {}
local at = 0

function init(args)
  local file = assert(io.open(os.getenv("WRK_REQUESTS"), "rb"))
  while true do
    local line = file:read("*l")
    if line == nil then break end
    requests[#requests + 1] = file:read(tonumber(line))
  end
  file:close()
  at = math.floor(place * #requests / 2)
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\n{"seconds": %.6f, "requests": %d, "bytes": %d, "p50_us": %d, "p99_us": %d, ' ..
    '"refused": %d, "broken": %d}\n',
    summary.duration / 1e6, summary.requests, summary.bytes,
    latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
