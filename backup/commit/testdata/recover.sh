#!/bin/sh
# Restores the newest snapshot of a backup store with stock programs alone: age,
# gzip, tar, jq, ssh-keygen and sha256sum.
#
#   recover.sh STORE IDENTITY SIGNERS TARGET
#
# IDENTITY is the secret key that age -i takes, SIGNERS the public key of who
# signed (signing-key.pub). Contents, links and modes are restored; owners, times
# and attributes stand in the listings.
set -eu
store=$1 identity=$2 signers=$3 target=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/packs" "$target"

newest=$(ls "$store/snaps" | sort | tail -n 1)
sed '/^-----BEGIN SSH/,$d' "$store/snaps/$newest" > "$work/head"
sed -n '/^-----BEGIN SSH/,$p' "$store/snaps/$newest" > "$work/head.sig"
sed 's/^/backup /' "$signers" > "$work/allowed"
ssh-keygen -Y verify -f "$work/allowed" -I backup -n upkeep-backup -s "$work/head.sig" < "$work/head"

jq -r '.packs[] | .label + " " + .id' "$work/head" | while read -r label id; do
	pack=$store/packs/$(printf %.2s "$id")/$id
	echo "$id  $pack" | sha256sum -c --quiet
	mkdir "$work/packs/$label"
	age -d -i "$identity" "$pack" | tar -xz -C "$work/packs/$label"
done

# row gives of each line of a listing what is needed here, divided by blanks, with a
# sign before each since some are empty; names and links in base64, for they may be
# any bytes.
row='[.type, .mode, (.pack // "" | split(" ")[0]), .list, .sha256,
	(.name_b64 // (.name // "" | @base64)), (.link_b64 // (.link // "" | @base64))]
	| map("=" + (. // "" | tostring)) | join(" ")'
bytes() { printf %s "${1#=}" | base64 -d; printf .; }

# content PACK LIST SHA256 writes what a line refers to: an object, or the parts of
# a list.
content() {
	if [ "$2" = = ]; then
		cat "$work/packs/${1#=}/o/${3#=}"
		return
	fi
	while read -r hash label; do
		cat "$work/packs/$label/o/$hash"
	done < "$work/packs/${1#=}/o/${2#=}"
}

# restore LISTING DIRECTORY restores the entries of a listing.
restore() {
	rows=$(mktemp -p "$work")
	jq -r "$row" "$1" > "$rows"
	while read -r type mode pack list sum name link; do
		base=$(bytes "$name")
		base=${base%.}
		path=$2/$base
		case $type in
		=d)
			[ "$base" = / ] && path=$2
			mkdir -p "$path"
			if [ "$pack" != = ]; then
				listing=$(mktemp -p "$work")
				content "$pack" "$list" "$sum" > "$listing"
				(restore "$listing" "$path")
			fi
			chmod "${mode#=}" "$path"
			;;
		=f)
			[ "$pack" != = ] || continue
			content "$pack" "$list" "$sum" > "$path"
			chmod "${mode#=}" "$path"
			;;
		=l)
			to=$(bytes "$link")
			ln -s "${to%.}" "$path"
			;;
		=state)
			content "$pack" "$list" "$sum" > "$2/$base"
			;;
		esac
	done < "$rows"
}

root=$(jq -r .root "$work/head")
restore "$work/packs/$root/root" "$target"
