// A thread that dies as soon as it is started.
throw new Error('a thread that fails')
