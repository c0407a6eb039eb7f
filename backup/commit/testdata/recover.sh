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

# field LINE NAME gives a field of a line; those that may be any bytes stand in
# base64 where they are no text.
field() { printf '%s\n' "$1" | jq -r --arg f "$2" '.[$f] // ""'; }
name() {
	plain=$(printf '%s\n' "$1" | jq -r --arg f "$2" '.[$f] // "" | . + "."')
	if [ "$plain" != . ]; then printf %s "$plain"; else field "$1" "$2_b64" | base64 -d; printf .; fi
}

# content LINE writes what a line refers to: an object, or the parts of a list.
content() {
	first=$(field "$1" pack | cut -d ' ' -f 1)
	list=$(field "$1" list)
	if [ -z "$list" ]; then
		cat "$work/packs/$first/o/$(field "$1" sha256)"
		return
	fi
	while read -r hash label; do
		cat "$work/packs/$label/o/$hash"
	done < "$work/packs/$first/o/$list"
}

# restore LISTING DIRECTORY restores the entries of a listing.
restore() {
	while IFS= read -r line; do
		base=$(name "$line" name)
		base=${base%.}
		path=$2/$base
		case $(field "$line" type) in
		d)
			[ "$base" = / ] && path=$2
			mkdir -p "$path"
			if [ -n "$(field "$line" pack)" ]; then
				listing=$(mktemp -p "$work")
				content "$line" > "$listing"
				(restore "$listing" "$path")
			fi
			chmod "$(field "$line" mode)" "$path"
			;;
		f)
			[ -n "$(field "$line" pack)" ] || continue
			content "$line" > "$path"
			chmod "$(field "$line" mode)" "$path"
			;;
		l)
			to=$(name "$line" link)
			ln -s "${to%.}" "$path"
			;;
		state)
			content "$line" > "$2/$base"
			;;
		esac
	done < "$1"
}

root=$(jq -r .root "$work/head")
restore "$work/packs/$root/root" "$target"
