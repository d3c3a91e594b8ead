"""Work on untrusted bytes, done in processes that may die.

Parsers are programs that strangers write input for. So they run in worker processes, with limits of memory, time and
output: whatever a file does there, the process that asked goes on, and learns what happened. `pool` is what callers
use, `process` one worker as they see it, `worker` its program, `messages` what both say to each other.

Process pools from libraries (concurrent.futures, pebble, loky) do less: they hold all results of a job or none instead
of fetching them one by one, unpickle whatever a worker sends, limit no memory, and start workers with the caller's main
module, or by forking a process that has threads.
"""
