#!/bin/sh
# Brings the newest version of the course, and keeps what you wrote: whatever you changed is copied to mine/VERSION/
# first. Called by make update; a version that does not have this file yet gets it by
#     git fetch && git show @{upstream}:update.sh | sh
set -eu

fail() { echo "update: $*" >&2; exit 2; }

# Where a copy goes: mine/0.1.0, or mine/0.1.0-2 if that is there.
free_place() {
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
    place=mine/${version:-before}
    number=2
    while [ -e "$place" ]; do
        place=mine/${version:-before}-$number
        number=$((number + 1))
    done
    echo "$place"
}

# Files of the course that were changed here, then files of one's own whose names the new version needs.
changed() { git -c core.quotePath=false diff --name-only --diff-filter=d HEAD; }
in_the_way() {
    git -c core.quotePath=false diff --name-only --no-renames --diff-filter=A HEAD "$new" |
        while IFS= read -r file; do [ ! -e "$file" ] || echo "$file"; done
}

# A function, so that the shell has read all of it before the file is replaced by a newer one.
main() {
    top=$(git rev-parse --show-toplevel 2>/dev/null) ||
        fail "this folder was not made by git clone; download the course again, beside it"
    cd "$top"
    upstream=$(git rev-parse --abbrev-ref '@{upstream}' 2>/dev/null) ||
        fail "git does not know where this copy came from; nothing was changed"
    git fetch --quiet || fail "the course's repository did not answer; nothing was changed"
    new=$(git rev-parse "$upstream")
    git merge-base --is-ancestor HEAD "$new" ||
        fail "you have commits of your own; nothing was changed. Rebase them: git rebase $upstream"

    if [ "$new" = "$(git rev-parse HEAD)" ]; then
        echo "update: this is the newest version; nothing was changed"
        return
    fi

    place=$(free_place)
    { changed; in_the_way; } | while IFS= read -r file; do
        mkdir -p "$place/$(dirname "$file")"
        cp -p "$file" "$place/$file"
    done
    # Only now that there are copies; and git keeps what it puts away, too.
    in_the_way | while IFS= read -r file; do rm "$file"; done
    git diff --quiet HEAD || git stash push --quiet --message "before the update, see $place"
    git merge --quiet --ff-only "$new"

    echo "update: this is now $(sed -n 's/^version = "\(.*\)"/version \1/p' pyproject.toml)"
    if [ -e "$place" ]; then
        echo "update: what you had changed is in $place:"
        (cd "$place" && find . -type f | sort | sed 's/^\.\//    /')
        echo "update: copy your answers from there; nothing of yours was deleted"
    fi
}

main
