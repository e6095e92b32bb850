# Watches over a test cluster that belongs to several test processes and stops
# it when the last of them has gone, however it went.
#   $1 folder of the cluster   $2 process id of PostgreSQL   $3 pointer file
# A process that uses the cluster has a file named after its id in $1/users.
dir=$1 pg=$2 pointer=$3
case $pg in '' | 0 | 1 | *[!0-9]*) exit 2 ;; esac
trap '' HUP INT
idle=0 retired=no

while kill -0 "$pg" 2>/dev/null; do
  users=no
  for f in "$dir"/users/*; do
    [ -e "$f" ] || continue
    if kill -0 "${f##*/}" 2>/dev/null; then users=yes; else rm -f "$f"; fi
  done
  if [ $users = yes ]; then
    idle=0
  elif [ $retired = yes ]; then
    break # nobody came between the last look and taking the pointer away
  elif [ $idle -lt 5 ]; then
    idle=$((idle + 1))
  else
    [ "$(cat "$pointer" 2>/dev/null)" = "$dir" ] && mv "$pointer" "$dir/retired"
    retired=yes
    continue
  fi
  sleep 0.3
done

for sig in INT QUIT KILL; do
  n=0
  kill -$sig "$pg" 2>/dev/null || break
  while [ -e "$dir/data/postmaster.pid" ] && [ $n -lt 40 ]; do sleep 0.2; n=$((n + 1)); done
  [ -e "$dir/data/postmaster.pid" ] || break
done
rm -rf "$dir"
