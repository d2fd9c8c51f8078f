# instance.sh: an instance of the console in $home, its programs, and its forms filled in with curl.
# Sourced by run and demo, which set home and port.
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/${BUILD:-release}
base=http://127.0.0.1:$port
mail=admin@example.org
running=
programs=
tmp=

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# -- programs -------------------------------------------------------------------------------------

begin_instance() {
	mkdir -p "$home"
	chmod 755 "$home"
	home=$(cd "$home" && pwd)
	[ "${#home}" -le 80 ] || die "the path $home is too long for a socket; set LAZARETTE_HOME to a shorter one"
	export LAZARETTE_HOME="$home"
	mkdir -p "$home/run" "$home/log"
	exec 9>"$home/run/run.lock"
	flock -n 9 || die "an instance runs in $home already"
	tmp=$(mktemp -d)
	trap 'end_instance' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	[ -e "$home/catalog.db" ] || "$build/lazarette" admin init 9>&- | sed -n '/^RECOVERY KEY/,/^    AGE/p'
	conf=$home/lazarette.conf
	touch "$conf"
	{ sed -e '/^public_url *=/d' -e '/^templates *=/d' "$conf"
	  printf 'public_url = "%s"\ntemplates = "%s/templates"\n' "$base" "$root"; } >"$tmp/conf"
	cat "$tmp/conf" >"$conf"
}

# start NAME COMMAND…: in the background; it ends with us even when we are killed.
start() {
	name=$1
	shift
	setpriv --pdeathsig TERM -- "$@" 9>&- >>"$home/log/$name.log" 2>&1 </dev/null &
	running="$running $!"
	programs="$programs $!:$(basename "$1")"
}

start_instance() {
	"$root/packaging/run/nginx-conf" "$home" "$port" >"$home/run/nginx.conf"
	[ "$(curl -s -o "$tmp/probe" --max-time 2 "$base/" || echo $?)" = 7 ] ||
		die "something answers on 127.0.0.1:$port already; choose another port: LAZARETTE_PORT=8081 make run"
	nginx=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx) || die "nginx is not installed: apt install nginx-light"
	start web "$build/lazarette-web"
	start worker "$build/lazarette-worker"
	start nginx "$nginx" -p "$home/" -e log/nginx-error.log -c run/nginx.conf -g 'daemon off;'
	tries=0
	until [ "$(curl -s -o "$tmp/probe" -w '%{http_code}' --max-time 5 "$base/healthz")" = 200 ]; do
		tries=$((tries + 1))
		all_running || show_logs
		[ $tries -lt 100 ] || show_logs
		sleep 0.1
	done
}

# 1 when a program has ended: its pid is $pid then, its name $dead, and how it ended $ended.
all_running() {
	for pid in $running; do
		kill -0 "$pid" 2>/dev/null || break
		pid=
	done
	[ -n "${pid:-}" ] || return 0
	dead=${programs##* $pid:}
	dead=${dead%% *}
	code=0
	wait "$pid" || code=$?
	ended="$dead ended with exit code $code"
	[ $code -le 128 ] || ended="$dead was killed by signal $((code - 128))"
	return 1
}

# start_worker_again: after all_running found it dead; not when it dies for the third time within a minute.
start_worker_again() {
	[ "$dead" = lazarette-worker ] || return 1
	at=$(date +%s)
	recent=$at
	for death in ${deaths:-}; do
		[ $((at - death)) -ge 60 ] || recent="$recent $death"
	done
	deaths=$recent
	[ "$(echo "$deaths" | wc -w)" -lt 3 ] || { ended="$ended, for the third time within a minute"; return 1; }
	echo "$ended; it is started again." >&2
	others=
	for other in $running; do
		[ "$other" = "$pid" ] || others="$others $other"
	done
	running=$others
	start worker "$build/lazarette-worker"
}

show_logs() {
	for log in web worker nginx nginx-error; do
		[ ! -s "$home/log/$log.log" ] || { echo "-- $log.log" >&2; tail -n 15 "$home/log/$log.log" >&2; }
	done
	die "${ended:-the console does not answer}; the last words of its programs are above"
}

end_instance() {
	status=$?
	trap - EXIT
	trap '' INT TERM HUP
	for pid in $running; do
		kill -TERM "$pid" 2>/dev/null || :
	done
	# Short naps, and KILL below: the guard inherits that TERM is ignored, and so would a long sleep of its own.
	( for nap in $(seq 75); do sleep 0.2; done
	  for pid in $running; do kill -KILL "$pid" 2>/dev/null; done ) 9>&- >/dev/null 2>&1 &
	guard=$!
	for pid in $running; do
		wait "$pid" 2>/dev/null || :
	done
	kill -KILL "$guard" 2>/dev/null || :
	wait "$guard" 2>/dev/null || :
	[ -z "$tmp" ] || rm -rf "$tmp"
	[ -z "${home_is_temporary:-}" ] || rm -rf "$home"
	exit $status
}

# -- forms ----------------------------------------------------------------------------------------

# ask METHOD PATH [curl options]: the page goes to $tmp/page, the status to $status, where it leads to $leads_to.
ask() {
	method=$1
	path=$2
	shift 2
	answer=$(curl -sS -X "$method" -b "$tmp/cookies" -c "$tmp/cookies" -H "Origin: $base" -o "$tmp/page" \
		-w '%{http_code} %{redirect_url}' "$@" "$base$path") || die "$method $path: no answer"
	status=${answer%% *}
	leads_to=${answer#* }
	leads_to=${leads_to#"$base"}
}

visit() {
	ask GET "$1"
	[ "$status" = 200 ] || die "GET $1: status $status"
}

# field NAME: the values of these inputs on the page, one a line.
field() {
	tr '\n' ' ' <"$tmp/page" | grep -o "<input[^>]*name=\"$1\"[^>]*>" | sed -n 's/.*value="\([^"]*\)".*/\1/p'
}

# send PATH name=value…: fill in the form that was visited and send it; the console must answer with a redirect.
send() {
	path=$1
	shift
	for hidden in csrf key; do
		value=$(field $hidden | head -n 1)
		[ -z "$value" ] || set -- "$@" "$hidden=$value"
	done
	count=$#
	while [ "$count" -gt 0 ]; do
		pair=$1
		shift
		set -- "$@" --data-urlencode "$pair"
		count=$((count - 1))
	done
	ask POST "$path" "$@"
	case $status in
	303) ;;
	*) sed -e 's/<[^>]*>//g' "$tmp/page" | grep -v '^[[:space:]]*$' | head -n 30 >&2
		die "POST $path: status $status, not a redirect" ;;
	esac
}

sign_up() {
	code=$("$build/lazarette" admin setup-code 9>&- 2>"$tmp/said") || { cat "$tmp/said" >&2; die "no setup code"; }
	password=$(openssl rand -base64 15 | tr '+/' 'xy')
	visit /setup
	send /setup "code=$code" "name=Ada Admin" "email=$mail" "password=$password"
}

# Add the project shop: two environments, each with a database and a media folder with something in them.
add_shop() {
	visit /projects/new
	send /projects/new "name=Shop" "slug=shop"
	for environment in live staging; do
		folder=$home/demo/$environment
		"$root/packaging/run/shop-content" "$folder" "$environment"
		visit /p/shop/-/environments/new
		send /p/shop/-/environments/new "name=$environment" "slug=$environment" "kind=$environment"
		add_service "$environment" sqlite database Database "path=$folder/shop.sqlite"
		add_service "$environment" files media Media "roots=$folder/media" "excludes=*.tmp"
	done
}

# add_service ENVIRONMENT ENGINE SLUG NAME field=value…
add_service() {
	path="/p/shop/$1/services/new?engine=$2"
	engine=$2
	slug=$3
	name=$4
	shift 4
	visit "$path"
	send "$path" "engine=$engine" "slug=$slug" "name=$name" "$@"
}

# create_backup ENVIRONMENT NOTE: of all its services; the job's path goes to $job.
create_backup() {
	path="/p/shop/$1/backups/new"
	visit "$path"
	set -- "note=$2"
	for service in $(field services); do
		set -- "$@" "services=$service"
	done
	send "$path" "$@"
	job=${leads_to%%\?*}
}

# wait_job PATH: until the job's page says how it ended; the backup's number goes to $backup.
wait_job() {
	tries=0
	number=${1##*/}
	number=${number#j}
	while :; do
		row=$(sqlite3 -readonly "$home/catalog.db" "SELECT state, coalesce(backup, ''), coalesce(error, '') FROM job WHERE id = $number")
		backup=$(echo "$row" | cut -d'|' -f2)
		case $row in
		succeeded*) return 0 ;;
		failed*|cancelled*) die "job j$number ended badly: ${row#*|*|}" ;;
		esac
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || die "job j$number does not end"
		all_running || show_logs
		sleep 0.1
	done
}
