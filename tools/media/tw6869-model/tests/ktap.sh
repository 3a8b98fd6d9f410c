# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Results in KTAP for the scripts that boot guests.  Sourced, never run.
#
# In a guest, "result NAME COMMAND..." runs COMMAND and prints one line
#	RESULT ok|FAIL|skip NAME
# behind what COMMAND printed; on the host "collect" numbers these lines.

# The variables are the sourcing script's as well.
# shellcheck disable=SC2034
ktap_n=0
ktap_failed=0
ktap_skipped=0
ends_with=0	# a guest that ends well

result() {
	local name=$1 status=0
	shift
	"$@" >/tmp/result.log 2>&1 || status=$?
	sed 's/^/# /' /tmp/result.log
	case $status in
	0) echo "RESULT ok $name" ;;
	4) echo "RESULT skip $name" ;;
	*) echo "RESULT FAIL $name" ;;
	esac
}

# one ok|FAIL|skip NAME: one numbered line
one() {
	ktap_n=$((ktap_n + 1))
	case $1 in
	ok)	echo "ok $ktap_n $2" ;;
	skip)	echo "ok $ktap_n $2 # SKIP"
		ktap_skipped=$((ktap_skipped + 1)) ;;
	*)	echo "not ok $ktap_n $2"
		ktap_failed=$((ktap_failed + 1)) ;;
	esac
}

# collect PREFIX: read a guest's output, print KTAP
collect() {
	local line word

	while IFS= read -r line; do
		case $line in
		RESULT\ *)
			line=${line#RESULT }
			word=${line%% *}
			one "$word" "$1${line#* }" ;;
		"#"*)	echo "$line" ;;
		*)	echo "# $line" ;;
		esac
	done
}

# guest PREFIX RUN-ARGUMENT...: boot a guest, print its results; $run_dir is
# where the lab keeps what is left of this run
guest() {
	local prefix=$1 fifo pid
	shift

	fifo=$(mktemp -u)
	mkfifo "$fifo"
	"$top/tools/lab/run" "$@" >"$fifo" &
	pid=$!
	collect "$prefix" <"$fifo"
	wait "$pid"
	guest_status=$?
	rm -f "$fifo"
	# The lab names the folder after its process.
	run_dir=$(echo "$top"/out/runs/*-"$pid")
	if [ "$guest_status" -ne "$ends_with" ]; then
		one FAIL "${prefix}the guest ended well (it said $guest_status)"
	fi
}

# build_model: what the guests run, too
build_model() {
	mkdir -p "$top/build"
	flock "$top/build/.lock-tw6869-model" "$top/tools/lab/in-root" make -s \
		-C /project/tools/media/tw6869-model \
		O=/project/build/tw6869-model all
}

# counter NAME FILE: the value that the model printed at its end
counter() {
	awk -v name="$1" '$1 == "counter" && $2 == name { v = $3 }
		END { print v == "" ? "missing" : v }' "$2"
}

# expect_zero PREFIX FILE COUNTER...: a result line for each counter
expect_zero() {
	local prefix=$1 file=$2 name value
	shift 2
	for name; do
		value=$(counter "$name" "$file")
		echo "# $name: $value"
		if [ "$value" = 0 ]; then
			one ok "$prefix$name is 0"
		else
			one FAIL "$prefix$name is 0"
		fi
	done
}

finish() {
	local passed=$((ktap_n - ktap_failed - ktap_skipped))

	echo "1..$ktap_n"
	echo "# $passed passed, $ktap_failed failed, $ktap_skipped skipped"
	[ "$ktap_failed" -eq 0 ] && [ "$ktap_n" -gt 0 ]
}
