-- GET /users/{id}, ids spread over the table.
local thread_seed = 0

function setup(thread)
	thread_seed = thread_seed + 1
	thread:set("seed", thread_seed)
end

function init(args)
	math.randomseed(seed * 7919)
end

function request()
	return wrk.format("GET", "/users/" .. math.random(1, 10000))
end
