"""What Redis does in one step. Indexes and counts change with the records, and with nothing else.

Scripts are sent whole rather than by their hash: within a transaction a Redis that has restarted
could not ask for one that it has forgotten.
"""

#: KEYS: counts, and the record of each job. Return the audio that waits, and then the digest of
#: each record, none for those that are not there.
DIGESTS = """
local found = {tonumber(redis.call('hget', KEYS[1], 'audio_ms') or 0)}
for n = 2, #KEYS do found[n] = redis.call('hget', KEYS[n], 'digest') end
return found
"""

#: KEYS: number, counts, all, queued, expiring, and the record of each job.
#: ARGV: the most audio, then of each job: id, digest, job, status, priority, audio, expires_at,
#: round.
#: Audio is in milliseconds: sums of whole numbers do not drift. Returns of each 0 where it was
#: accepted, 1 where it was there, 2 where another of its id was; or, as a number, by how much all
#: of it is too much.
SUBMIT = """
local most = tonumber(ARGV[1])
local seen, answers, added = {}, {}, 0
for n = 1, #KEYS - 5 do
  local at = 1 + (n - 1) * 8
  local digest = seen[KEYS[5 + n]] or redis.call('hget', KEYS[5 + n], 'digest')
  if not digest then
    answers[n] = 0
    seen[KEYS[5 + n]] = ARGV[at + 2]
    added = added + tonumber(ARGV[at + 6])
  elseif digest == ARGV[at + 2] then
    answers[n] = 1
  else
    answers[n] = 2
  end
end
local waiting = tonumber(redis.call('hget', KEYS[2], 'audio_ms') or 0)
if added > 0 and waiting + added > most then
  return waiting + added - most
end
for n, answer in ipairs(answers) do
  if answer == 0 then
    local at = 1 + (n - 1) * 8
    local id, priority = ARGV[at + 1], ARGV[at + 5]
    local number = redis.call('incr', KEYS[1])
    redis.call('hset', KEYS[5 + n], 'digest', ARGV[at + 2], 'job', ARGV[at + 3],
      'status', ARGV[at + 4], 'number', number, 'round', ARGV[at + 8])
    redis.call('zadd', KEYS[3], number, id)
    redis.call('zadd', KEYS[4], number, id)
    redis.call('zadd', KEYS[5], ARGV[at + 7], id)
    redis.call('hincrby', KEYS[2], priority, 1)
    redis.call('hincrby', KEYS[2], 'audio_ms', ARGV[at + 6])
  end
end
return answers
"""

#: Put a status in place of the one that was read, unless it has changed since.
#: KEYS: record, counts, ended, expiring, the index of the old state, that of the new one, notices.
#: ARGV: id, old status, new status, priority, audio, the time of the end or '' while there is
#: none, 1 or 0 for: it was queued, it is queued, it had ended; when its webhook has to be called,
#: or ''; and the round: another job of the same id may have the same status. Returns whether it
#: was done.
CHANGE = """
local id, priority, audio = ARGV[1], ARGV[4], ARGV[5]
if redis.call('hget', KEYS[1], 'status') ~= ARGV[2] then return 0 end
if redis.call('hget', KEYS[1], 'round') ~= ARGV[11] then return 0 end
redis.call('hset', KEYS[1], 'status', ARGV[3])
if ARGV[10] == '' then
  redis.call('zrem', KEYS[7], id)
else
  redis.call('zadd', KEYS[7], ARGV[10], id)
end
if KEYS[5] == KEYS[6] then return 1 end
redis.call('zrem', KEYS[5], id)
redis.call('zadd', KEYS[6], redis.call('hget', KEYS[1], 'number'), id)
redis.call('zrem', KEYS[4], id)
if ARGV[7] == '1' then redis.call('hincrby', KEYS[2], priority, -1) end
if ARGV[8] == '1' then redis.call('hincrby', KEYS[2], priority, 1) end
if ARGV[9] == '1' then
  redis.call('zrem', KEYS[3], id)
  redis.call('hincrby', KEYS[2], 'audio_ms', audio)
  redis.call('hincrby', KEYS[1], 'round', 1)
end
if ARGV[6] ~= '' then
  redis.call('zadd', KEYS[3], ARGV[6], id)
  redis.call('hincrby', KEYS[2], 'audio_ms', -audio)
  redis.call('hincrby', KEYS[2], 'drained_ms', audio)
end
return 1
"""

#: Forget a job, unless its status has changed since it was read.
#: KEYS: record, ended, all, the index of its state, notices. ARGV: id, status. Returns whether it
#: was done.
REMOVE = """
if redis.call('hget', KEYS[1], 'status') ~= ARGV[2] then return 0 end
redis.call('del', KEYS[1])
for n = 2, 5 do redis.call('zrem', KEYS[n], ARGV[1]) end
return 1
"""
