# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of ignition's commands for bash; a test holds it to their --help.

_ignition() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=""
	local versions="3.0.0 3.1.0 3.2.0 3.3.0 3.4.0 3.5.0 3.6.0 3.7.0-experimental"
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		words="apply convert diff expect help lint render run test version why --platform --stage --version --help"
	else
		case ${COMP_WORDS[1]}:$previous in
		help:*) words="apply convert diff expect lint render rmcfg run test validate why" ;;
		lint:--format) words="text json sarif github junit" ;;
		expect:--format) words="yaml json" ;;
		why:--format | diff:--format) words="text json" ;;
		test:--format) words="text json junit tap github html" ;;
		test:--tier) words="boot apply" ;;
		test:--firmware) words="auto bios uefi" ;;
		test:--fault) words="power-cut net-late net-flaky disk-missing disk-slow disk-full" ;;
		test:--platform | test:--append | test:--cmdline | test:--disk | test:--memory | test:--cpus) return ;;
		test:--timeout | test:--jobs | test:--retries | test:-k) return ;;
		lint:--explain | lint:--select | lint:--ignore | lint:--severity | lint:--platform) return ;;
		convert:--to | render:--to) words=$versions ;;
		render:--timeout | expect:--timeout | why:--timeout | diff:--timeout | apply:--timeout) return ;;
		*) case ${COMP_WORDS[1]} in
			lint)
				words="--strict --format --select --ignore --severity --platform --systemd-verify"
				words+=" --no-config --explain --help"
				;;
			test)
				words="--expect --strict --second-boot --platform --image --kernel --initrd --append --firmware"
				words+=" --no-reporter --cmdline --disk --memory --cpus --fault --tier --timeout --jobs"
				words+=" --retries -k --list --format --output -o --verbose -v --artefacts --keep --shell --help"
				;;
			apply) words="--root --ignore-unsupported --offline --timeout --verbose --help" ;;
			expect) words="--format --offline --timeout --verbose --output -o --help" ;;
			why | diff) words="--format --offline --timeout --verbose --help" ;;
			convert) words="--to --output -o --help" ;;
			render) words="--to --origins --offline --timeout --verbose --output -o --help" ;;
			run)
				words="--platform --root --config-cache --state-file --neednet --fetch-timeout"
				words+=" --log-to-stdout --help fetch-offline fetch kargs disks mount files umount"
				;;
			esac ;;
		esac
		[[ $current == -* || ${COMP_WORDS[1]} == run || ${COMP_WORDS[1]} == help || $previous == --to || $previous == --format || $previous == --tier || $previous == --firmware || $previous == --fault ]] || words=""
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	if [[ -z $words ]]; then
		mapfile -t COMPREPLY < <(
			compgen -f -X '!*.ign' -- "$current"
			compgen -f -X '!*.json' -- "$current"
			compgen -d -- "$current"
		)
		compopt -o filenames 2> /dev/null
	fi
}
complete -F _ignition ignition
complete -o plusdirs -f -X '!*.ign' ignition-apply
complete -W "--platform --log-to-stdout --version --help" ignition-rmcfg
complete -o plusdirs -f -X '!*.ign' ignition-validate
