# For .ci/run: a Docker engine that answers, and a base image. Sourced; the engine it starts ends with the shell.

start_engine() { # uses the engine that answers, or starts one
    docker info >/dev/null 2>&1 && return
    local folder
    folder=$(mktemp -d)
    setsid nohup dockerd --pidfile "$folder/pid" >"$folder/log" 2>&1 </dev/null &
    engine_folder=$folder
    trap stop_engine EXIT
    for _ in $(seq 120); do
        docker info >/dev/null 2>&1 && return
        sleep 0.5
    done
    echo "the Docker engine did not answer within a minute:" >&2
    tail -n 30 "$folder/log" >&2
    return 1
}

stop_engine() { # ends the engine that start_engine started, by its pid, and waits for it
    local pid
    pid=$(cat "$engine_folder/pid" 2>/dev/null) || return 0
    kill "$pid"
    for _ in $(seq 60); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.5
    done
    rm -rf "$engine_folder"
}

provide_base_image() { # exports SHOAL_SANDBOX__BASE_IMAGE: the named one, one from a registry, or one made here
    local codename own name mirror tree
    codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
    own=shoal-base:$codename
    for name in ${SHOAL_SANDBOX__BASE_IMAGE:-} "$own"; do
        if docker image inspect "$name" >/dev/null 2>&1; then
            export SHOAL_SANDBOX__BASE_IMAGE=$name
            return
        fi
    done
    name=${SHOAL_SANDBOX__BASE_IMAGE:-python:3.11-slim}
    if timeout 300 docker pull --quiet "$name"; then
        export SHOAL_SANDBOX__BASE_IMAGE=$name
        return
    fi
    echo "no image registry: making the base image with debootstrap"
    mirror=$(apt_mirror "$codename")
    tree=$(mktemp -d)
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "$codename" "$tree" "$mirror" >"$tree.log" ||
        { tail -n 20 "$tree.log" >&2; return 1; }
    tar -C "$tree" -c . | docker import - "$own"
    export SHOAL_SANDBOX__BASE_IMAGE=$own
    rm -rf --one-file-system "$tree" "$tree.log"
}

apt_mirror() { # prints where apt gets $1 from
    local sites
    sites=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' | awk -v name="$1" '$2 == name {print $1}')
    head -n 1 <<<"$sites"
}
