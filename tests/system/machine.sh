#!/bin/sh
# machine.sh STAGE DIRECTORY BUILD - a machine of its own, whose first process is systemd (SY-01)
#
# Started by machine.py as `unshare --mount machine.sh outside ...`. The root is the host's
# under an overlay whose upper layer is in memory, with BUILD installed in it: what is
# written there is gone with the mount namespace. The group of processes is one that
# machine.py has made and removes.
set -eu
stage=$1 directory=$2 build=$3
root=$directory/root

# Units that a service with default dependencies pulls in, and nothing else of the host's.
units="basic.target local-fs.target multi-user.target network.target network-pre.target
	nss-lookup.target paths.target shutdown.target slices.target sockets.target
	swap.target sysinit.target timers.target umount.target systemd-journald.service
	systemd-journald.socket systemd-journald-dev-log.socket"

make_root()
{
	mount --make-rprivate /
	mount -t tmpfs -o mode=0755 tmpfs "$directory"
	mkdir "$directory/upper" "$directory/work" "$root"
	mount -t overlay -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" \
		overlay "$root"
	make -s -C "$build" install DESTDIR="$root" >/dev/null
}

# /proc/sys is read-only: the rest of it is the host's.
make_special()
{
	mount -t proc proc "$root/proc"
	mount --bind "$root/proc/sys" "$root/proc/sys"
	mount -o remount,bind,ro "$root/proc/sys"
	mount -t sysfs -o ro sysfs "$root/sys"
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
	mount -t tmpfs -o mode=0755 tmpfs "$root/run"
	mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
	mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
	mkdir "$root/dev/pts" "$root/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
	mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
	ln -s pts/ptmx "$root/dev/ptmx"
	ln -s /proc/self/fd "$root/dev/fd"
	mknod -m 666 "$root/dev/null" c 1 3
	mknod -m 666 "$root/dev/zero" c 1 5
	mknod -m 666 "$root/dev/full" c 1 7
	mknod -m 666 "$root/dev/random" c 1 8
	mknod -m 666 "$root/dev/urandom" c 1 9
	mknod -m 666 "$root/dev/tty" c 5 0
}

take_units()
{
	for folder in /lib/systemd/system /usr/lib/systemd/system; do
		[ -e "$folder/basic.target" ] && break
	done
	mkdir "$root/tmp/units"
	for unit in $units; do
		cp "$folder/$unit" "$root/tmp/units/"
	done
	rm -rf "$root$folder" "$root$folder-generators" "$root/etc/systemd" \
		"$root/var/log/journal"
	mkdir -p "$root$folder/sysinit.target.wants" "$root/etc/systemd/system"
	cp "$root/tmp/units/"* "$root$folder/"
	ln -s ../systemd-journald.service "$root$folder/sysinit.target.wants/"
	rm -r "$root/tmp/units"
}

case $stage in
outside)
	make_root
	# From here on / of the groups is the one that we are in.
	exec unshare --pid --uts --ipc --net --cgroup --mount --fork --kill-child \
		"$0" inside "$directory" "$build"
	;;
inside)
	make_special
	take_units
	systemd=$(command -v /lib/systemd/systemd /usr/lib/systemd/systemd | head -n 1)
	mkdir "$root/tmp/host"
	cd "$root"
	pivot_root . tmp/host
	umount -l /tmp/host
	rmdir /tmp/host
	exec env -i container=shmdns-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
		"$systemd" --system --unit=multi-user.target --show-status=no \
		--log-target=journal </dev/null
	;;
esac
