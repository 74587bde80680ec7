#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154  # variables of dracut
#
# dracut module of the first-boot provisioning engine. Settings for dracut.conf:
#
#   ignition_platforms="qemu metal"   providers to include; default: all
#   ignition_schemes="http https"     URL schemes to include besides data; default: all
#   ignition_network=networkd         what brings up the network when a config needs it: `networkd` (default), or
#                                     `none` if another module provides ignition-network.service

# The installed engine, with a link to its interpreter; and its folder in the initramfs.
ignition_source=/usr/lib/ignition-firstboot
ignition_home=/usr/lib/ignition-firstboot

# called by dracut
check() {
    # Only if another module depends on it or dracut.conf adds it.
    return 255
}

# called by dracut
depends() {
    local _module _modules="systemd"
    # Udev rules, drivers, and pins of clevis. Each only where dracut could install it: one that is missing, omitted
    # or without its programs would keep this module out too. Not tpm2-tss, which brings 13 MB of hardware names:
    # clevis-pin-tpm2 and install_clevis have what clevis needs of it.
    for _module in qemu crypt mdraid btrfs clevis clevis-pin-tang clevis-pin-tpm2 clevis-pin-sss; do
        (dracutmodules=all check_module "$_module") > /dev/null 2>&1 && _modules+=" $_module"
    done
    echo "$_modules"
}

# called by dracut
installkernel() {
    # The first boot may happen on other hardware than the build, so hostonly does not apply.
    # shellcheck disable=SC2034  # instmods reads it
    local hostonly=
    instmods \
        qemu_fw_cfg virtio_blk virtio_scsi virtio_net virtio_pci virtio_mmio virtio_console virtio_rng \
        nvme ahci ata_piix hv_storvsc sd_mod sr_mod loop hv_utils vboxguest \
        ext4 xfs btrfs vfat isofs udf nls_cp437 nls_ascii nls_iso8859-1 nls_utf8 crc32c_generic \
        dm_mod md_mod raid0 raid1 raid10 raid456 linear
    # Disks of other hypervisors, and of servers: dracut's kernel-modules has them too, unless it is for one machine.
    instmods \
        xen-blkfront vmw_pvscsi mptspi mptsas pci-hyperv megaraid_sas mpt3sas mpi3mr aacraid hpsa smartpqi \
        usb_storage uas mmc_block sdhci_pci sdhci_acpi
    # Encrypted volumes: any cipher that a config may name, and the machine's TPM.
    instmods dm_crypt drbg '=crypto' '=drivers/char/tpm'
    # The network: drivers of wired cards, and modules for DHCP, ip=, bond= and vlan=.
    instmods hv_netvsc xen-netfront vmxnet3 af_packet ipv6 bonding bridge stp llc 8021q
    instmods '=drivers/net/ethernet' '=drivers/net/mdio' '=drivers/net/phy'
    instmods -c vsock vmw_vsock_virtio_transport_common vmw_vsock_virtio_transport vmw_vsock_vmci_transport
    case ${DRACUT_ARCH:-$(uname -m)} in
        s390x) instmods vmur zcrypt_cex4 pkey_cca ;;
        aarch64) instmods mlxbf_bootctl ;;
        # CD drives of IBM Power.
        ppc64le) instmods ibmvscsi ;;
    esac
}

# Writes the private Python tree and the interpreter.
install_engine() {
    local _python _name _complete=
    local -a _closure=(--home "$dracutsysrootdir$ignition_source" --destination "$initdir$ignition_home")
    local -a _roots=()

    _python=$(readlink -f "$dracutsysrootdir$ignition_source/bin/python3")
    [[ ${ignition_platforms+set} ]] && _closure+=(--platforms "$ignition_platforms")
    [[ ${ignition_schemes+set} ]] && _closure+=(--schemes "data $ignition_schemes")

    inst_binary "${_python#"$dracutsysrootdir"}" "$ignition_home/bin/python3"
    while read -r _name; do
        if [[ $_name == complete ]]; then _complete=1; else _roots+=("$_name"); fi
    done < <("$_python" -IB "$moddir/closure.py" "${_closure[@]}" && echo complete)
    if [[ -z $_complete ]]; then
        dfatal "ignition: cannot build the engine's Python tree"
        exit 1
    fi
    # pyudev loads it by name with ctypes.
    inst_libdir_file "libudev.so.1*"
    # dracut would do this after all modules; check_engine needs the libraries now.
    find "$initdir$ignition_home" -type f -perm /0111 -print0 \
        | xargs -0 "$DRACUT_INSTALL" ${dracutsysrootdir:+-r "$dracutsysrootdir"} -D "$initdir" -R
    inst_simple "$moddir/ignition.py" /usr/bin/ignition
    check_engine "${_roots[@]}"
}

# A module missing from the tree must fail the build, not the boot. Needs root, for chroot.
check_engine() {
    ((EUID == 0)) && [[ -z $dracutsysrootdir ]] || return 0
    # Some folders of libraries are only known to the linker's cache, which dracut writes after all modules.
    if declare -F build_ld_cache > /dev/null; then build_ld_cache; fi
    if ! chroot "$initdir" "$ignition_home/bin/python3" -ISB -c "
import sys
sys.path[0] = '$ignition_home'
for name in sys.argv[1:]:
    __import__(name)
" "$@"; then
        dfatal "ignition: the engine does not start in the image"
        exit 1
    fi
}

# CA certificates and the rules for TLS, where this interpreter's OpenSSL looks for them.
install_tls() {
    local _file
    _file=$("$dracutsysrootdir$ignition_source/bin/python3" -IB -c \
        'import ssl; print(ssl.get_default_verify_paths().openssl_cafile)') || return 0
    install_certificates "$_file"
    install_tls_policy "${_file%/*}/openssl.cnf"
}

# CA certificates as the file $1.
install_certificates() {
    local _bundle _file=$1
    if [[ -e $dracutsysrootdir$_file ]]; then
        inst "$_file"
        return
    fi
    for _bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem \
        /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /var/lib/ca-certificates/ca-bundle.pem; do
        [[ -e $dracutsysrootdir$_bundle ]] || continue
        inst "$_bundle"
        mkdir -p "$initdir${_file%/*}"
        ln_r "$_bundle" "$_file"
        return
    done
    dwarn "ignition: no CA certificates found; https will not work"
}

# OpenSSL's configuration $1 with the files that it includes, and crypto-policies: which versions and ciphers
# the first boot may use is up to the distribution. Included folders are left out: they configure hardware tokens.
install_tls_policy() {
    local _file _line
    inst_multiple -o "$1" /etc/crypto-policies/config \
        /etc/crypto-policies/back-ends/openssl.config /etc/crypto-policies/back-ends/opensslcnf.config
    [[ -e $dracutsysrootdir$1 ]] || return 0
    while read -r _line; do
        [[ $_line =~ ^\.include[[:space:]]*=?[[:space:]]*([^[:space:]]+) ]] || continue
        _file=${BASH_REMATCH[1]}
        [[ $_file == /* ]] || _file=${1%/*}/$_file
        [[ -f $dracutsysrootdir$_file ]] && inst_multiple -o "$_file"
    done < "$dracutsysrootdir$1"
}

install_programs() {
    inst_multiple udevadm mount systemctl modprobe blkid
    # Optional: if a config needs a missing program, the engine names it.
    inst_multiple -o \
        lsblk wipefs findmnt mountpoint basename \
        mkfs.btrfs mkfs.ext4 mkfs.fat mkfs.vfat mkfs.xfs mkswap \
        groupadd groupdel groupmod useradd userdel usermod chpasswd chgpasswd gpasswd \
        mdadm cryptsetup dmsetup setfiles
    install_clevis
    case ${DRACUT_ARCH:-$(uname -m)} in
        s390x) inst_multiple -o chccwdev cio_ignore vmur zkey zkey-cryptsetup ;;
    esac
}

# Clevis, to bind volumes and to unlock them: its own dracut modules only unlock, and may not be there.
install_clevis() {
    local _pin
    [[ -n $(find_binary clevis) ]] || return 0
    # All pins: a config may name any.
    for _pin in "$dracutsysrootdir"/usr/{,local/}bin/clevis-{de,en}crypt-*; do
        inst_multiple -o "${_pin#"$dracutsysrootdir"}"
    done
    inst_multiple -o clevis clevis-decrypt clevis-luks-bind clevis-luks-common-functions clevis-luks-list \
        clevis-luks-unlock jose luksmeta pwmake awk basename cat cut grep mkdir mktemp rm sed sort tail tr \
        curl tpm2_create tpm2_createpolicy tpm2_createprimary tpm2_flushcontext tpm2_load tpm2_pcrlist tpm2_pcrread \
        tpm2_unseal
    # tpm2-tools loads it by name.
    inst_libdir_file "libtss2-tcti-device.so*"
}

# Network on demand: ignition-network.service starts it; nothing is enabled.
install_network() {
    case ${ignition_network:-networkd} in
        networkd) ;;
        none) return 0 ;;
        *)
            dfatal "ignition: ignition_network=$ignition_network: must be networkd or none"
            exit 1
            ;;
    esac
    if ! [[ -x $dracutsysrootdir$systemdutildir/systemd-networkd ]]; then
        dwarn "ignition: no systemd-networkd; configs that need the network need another module to bring it up"
        return 0
    fi
    inst_multiple \
        "$systemdutildir"/systemd-networkd \
        "$systemdutildir"/systemd-networkd-wait-online \
        "$systemdsystemunitdir"/systemd-networkd.service \
        "$systemdsystemunitdir"/systemd-networkd.socket
    inst_multiple -o "$systemdutildir"/systemd-network-generator ip
    inst_multiple cp mv rm mkdir
    inst_simple "$moddir/zz-ignition-default.network" "$ignition_home/zz-ignition-default.network"
    inst_script "$moddir/ignition-network.sh" /usr/libexec/ignition-network
    copy_account passwd systemd-network
    copy_account group systemd-network
    require_unit ignition-complete.target ignition-network.service
    inst_simple "$moddir/ignition-nameservers.path" "$systemdsystemunitdir/ignition-nameservers.path"
    inst_simple "$moddir/ignition-nameservers.service" "$systemdsystemunitdir/ignition-nameservers.service"
    hold_back_default_network
}

# The default that dracut 106 and later has for networkd, which would configure all interfaces in every boot.
hold_back_default_network() {
    local _default=$initdir/etc/systemd/network/zzzz-dracut-default.network
    [[ -e $_default ]] || return 0
    mv "$_default" "$initdir$ignition_home/"
    inst_hook cmdline 99 "$moddir/zz-ignition-neednet.sh"
}

# Copies the entry of account $2 in /etc/$1, or of /usr/lib/$1 (nss-altfiles), unless the initramfs has one.
copy_account() {
    local _folder
    grep -q "^$2:" "$initdir/etc/$1" 2> /dev/null && return
    for _folder in etc usr/lib; do
        grep -s "^$2:" "$dracutsysrootdir/$_folder/$1" >> "$initdir/etc/$1" && return
    done
    dwarn "ignition: there is no $2 in /etc/$1: systemd-networkd will not start"
}

# Installs unit $2 and makes target $1 require it.
require_unit() {
    inst_simple "$moddir/$2" "$systemdsystemunitdir/$2"
    if ! $SYSTEMCTL -q --root "$initdir" add-requires "$1" "$2"; then
        dfatal "ignition: $1 cannot be made to require $2"
        exit 1
    fi
}

install_units() {
    local _unit
    for _unit in complete diskful subsequent diskful-subsequent; do
        inst_simple "$moddir/ignition-$_unit.target" "$systemdsystemunitdir/ignition-$_unit.target"
    done
    for _unit in fetch-offline fetch kargs disks mount files; do
        require_unit ignition-complete.target "ignition-$_unit.service"
    done
    require_unit ignition-diskful.target ignition-remount-sysroot.service
    inst_simple "$moddir/ignition-failure.service" "$systemdsystemunitdir/ignition-failure.service"
    $SYSTEMCTL -q --root "$initdir" add-wants emergency.target ignition-failure.service
    inst_script "$moddir/ignition-remount-sysroot.sh" /usr/libexec/ignition-remount-sysroot
    inst_script "$moddir/ignition-failure.sh" /usr/libexec/ignition-failure
    inst_script "$moddir/ignition-generator" "$systemdutildir/system-generators/ignition-generator"
}

# called by dracut
install() {
    install_programs
    install_engine
    install_tls
    install_units
    install_network

    # Distributions may replace this helper.
    inst_script "$moddir/ignition-kargs-helper.sh" /usr/sbin/ignition-kargs-helper
    inst_simple "$moddir/ignition-luks.conf" /etc/security/pwquality.conf.d/ignition-luks.conf
    # Config drives are CD-ROMs.
    inst_rules 60-cdrom_id.rules
    inst_simple "$moddir/99-xx-ignition-systemd-cryptsetup.rules" \
        "$udevdir/rules.d/99-xx-ignition-systemd-cryptsetup.rules"
}
