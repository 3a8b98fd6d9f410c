# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Compiling modules against the project's headers.  Sourced after common.sh.

write_if_changed() {
	local new
	new=$(cat)
	[ -e "$1" ] && [ "$(cat "$1")" = "$new" ] || printf '%s\n' "$new" >"$1"
}

# folder_symbols FOLDER...: the CONFIG_ symbols of the modules made there.
folder_symbols() {
	grep -rhoE '^obj-\$\(CONFIG_[A-Z0-9_]+\)' --include=Makefile --include=Kbuild "$@" |
		grep -oE 'CONFIG_[A-Z0-9_]+' | sort -u
}

# as_settings KERNEL SYMBOL...: the make setting SYMBOL=m for each symbol that
# the kernel was not configured with.  KUnit suites need a kernel with KUnit.
as_settings() {
	local config symbol
	config=$(kernel_dir "$1")/include/config/auto.conf
	shift

	for symbol; do
		grep -q "^$symbol=" "$config" && continue
		[[ $symbol == *KUNIT* ]] && ! grep -q '^CONFIG_KUNIT=' "$config" && continue
		printf '%s=m\n' "$symbol"
	done
}

# kbuild KERNEL FOLDER [MAKE-VARIABLE]...: make modules in FOLDER.
#
# NOSTDINC_FLAGS comes before the kernel's own include path in the compiler's
# command line, therefore the project's headers hide the kernel's of the same
# name.  A CONFIG_X=m that the kernel was not configured with is told to the
# preprocessor too, for IS_ENABLED().  Folders of the kernel tree name others by
# $(srctree), which the headers package has not; they are found in the source.
kbuild() {
	local kernel=$1 folder=$2 setting flags=''
	shift 2

	for setting in $(grep -rhoE '\$\(srctree\)/[^ ]+' --include=Makefile \
			--include=Kbuild "$folder" | sort -u); do
		flags+=" -I$TREE/${setting#*/}"
	done
	flags+=" -I$TREE/include/trace"
	for setting; do
		case $setting in
		CONFIG_*=m) flags+=" -D${setting%=m}_MODULE=1" ;;
		CONFIG_*=y) flags+=" -D${setting%=y}=1" ;;
		KCFLAGS=*) flags+=" ${setting#KCFLAGS=}" ;;
		KBUILD_EXTRA_SYMBOLS=*)
			# Versions of symbols may have changed; kbuild does not look
			[ "$folder/Module.symvers" -nt "${setting#*=}" ] ||
				rm -f "$folder/Module.symvers" ;;
		esac
	done
	make -C "$(kernel_dir "$kernel")" M="$folder" -j"$(nproc)" --no-print-directory \
		"$@" KCFLAGS="$flags" \
		NOSTDINC_FLAGS="-nostdinc -I$TOP/include -I$TOP/include/uapi" modules
}

# install_modules FOLDER TARGET: the compiled modules without debug
# information, which a guest would only read for nothing.
install_modules() {
	local module target

	mkdir -p "$2"
	while IFS= read -r module; do
		target=$2/${module##*/}
		[ "$target" -nt "$1/$module" ] && continue
		strip --strip-debug -o "$target.new" "$1/$module"
		mv "$target.new" "$target"
	done < <(cd "$1" && find . -name '*.ko' -not -path './install/*')
	# A module that is no longer built must not be loaded.
	for target in "$2"/*.ko; do
		[ -n "$(find "$1" -name "${target##*/}" -not -path '*/install/*')" ] ||
			rm "$target"
	done
}
