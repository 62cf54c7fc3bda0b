#!/usr/bin/env bash
# Installs what the example programs of test/clients need and this machine lacks: compilers and a browser from Debian's
# packages, client libraries from PyPI, npm and Maven, and llama.cpp. `install-client-toolchains.sh [system] [python] [axios]
# [vendors] [java] [sdks] [llama]` installs those parts, and without arguments all of them. What cannot be installed is said on standard error and left
# out; the tests that need it are then skipped by name.
set -uo pipefail

REQUESTS=2.34.2
OPENAI=3.54.0
AXIOS=1.21.1
GIGACHAT=0.2.3
FUSIONBRAIN=0.1.0
WEBUIAPI=0.9.17
STABILITYAI=1.0.5
COMFY=0.1.0
GENAI=3.1.0
# As docs/local-models.md has it.
LLAMA=3.22.1
# The document asks for the first; the second serves where the repository at hand does not carry it.
OPENAI_JAVA=(2.12.1 2.12.0)

programs=$(cd "$(dirname "$0")/../test/clients/programs" && pwd) || exit 1
toolchains=${CLIENT_TOOLCHAINS:-${XDG_CACHE_HOME:-$HOME/.cache}/tolmach-clients}
mkdir -p "$toolchains" || exit 1
status=0

missing() {
  echo "client toolchains: $*" >&2
  status=1
}

has_headers() {
  echo '#include <curl/curl.h>
#include <nlohmann/json.hpp>' | g++ -x c++ -E - >/dev/null 2>/dev/null
}

install_system() {
  local wanted=() package sudo=()
  command -v curl >/dev/null || wanted+=(curl)
  command -v php >/dev/null || wanted+=(php-cli)
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || wanted+=(chromium)
  has_headers || wanted+=(g++ libcurl4-openssl-dev nlohmann-json3-dev)
  command -v javac >/dev/null || wanted+=(default-jdk-headless)
  command -v mvn >/dev/null || wanted+=(maven)
  command -v mcs >/dev/null && [ -e /usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll ] ||
    wanted+=(mono-mcs mono-runtime libmono-system-net-http4.0-cil libmono-microsoft-csharp4.0-cil libnewtonsoft-json5.0-cil)
  python3 -c 'import ensurepip, venv' 2>/dev/null || wanted+=(python3 python3-venv)
  [ ${#wanted[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  if ! command -v apt-get >/dev/null || ! "${sudo[@]}" true 2>/dev/null; then
    missing "not installed, and cannot be: ${wanted[*]}"
    return
  fi
  "${sudo[@]}" apt-get update -qq
  # A newer Debian has no Mono, and one absent package must not keep out the others.
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" && return
  for package in "${wanted[@]}"; do
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" ||
      missing "could not install $package"
  done
}

install_python() {
  local python=$toolchains/python/bin/python
  "$python" -c "
from importlib.metadata import version
assert version('requests') == '$REQUESTS' and version('openai') == '$OPENAI'" 2>/dev/null && return
  rm -rf "$toolchains/python"
  python3 -m venv "$toolchains/python" &&
    "$python" -m pip install --quiet "requests==$REQUESTS" "openai==$OPENAI" ||
    missing 'could not install requests and openai for Python'
}

install_npm() {
  grep -qs "\"version\": \"$AXIOS\"" "$toolchains/node_modules/axios/package.json" &&
    grep -qs "\"version\": \"$GENAI\"" "$toolchains/node_modules/@google/genai/package.json" && return
  npm install --prefix "$toolchains" --no-save --no-audit --no-fund --silent "axios@$AXIOS" "@google/genai@$GENAI" ||
    missing 'could not install axios and @google/genai'
}

install_axios() {
  install_npm
}

# Clients of vendors, which drive the fakes that providers are tested against. The packages of npm are installed in one
# go, since each `npm install` without a record of the others removes them.
install_vendors() {
  local python=$toolchains/vendors/bin/python
  if ! "$python" -c "
from importlib.metadata import version
assert version('gigachat') == '$GIGACHAT' and version('webuiapi') == '$WEBUIAPI' and version('openai') == '$OPENAI'
assert version('fusionbrain-sdk-python') == '$FUSIONBRAIN' and version('comfy-toolkit') == '$COMFY'" 2>/dev/null; then
    rm -rf "$toolchains/vendors"
    python3 -m venv "$toolchains/vendors" &&
      "$python" -m pip install --quiet "gigachat==$GIGACHAT" "fusionbrain-sdk-python==$FUSIONBRAIN" \
        "webuiapi==$WEBUIAPI" "comfy-toolkit==$COMFY" "openai==$OPENAI" ||
      missing 'could not install the vendors’ clients for Python'
  fi
  python=$toolchains/vendors-stability/bin/python
  if ! "$python" -c "from importlib.metadata import version
assert version('stabilityai') == '$STABILITYAI'" 2>/dev/null; then
    rm -rf "$toolchains/vendors-stability"
    python3 -m venv "$toolchains/vendors-stability" &&
      "$python" -m pip install --quiet "stabilityai==$STABILITYAI" ||
      missing 'could not install a client of Stability'
  fi
  install_npm
}

# Official SDKs, current and of older majors: the sets of sdks.json, each in a folder of its own.
install_sdks() {
  export -f install_sdk_set
  # Three at once, since each waits for its registry most of the time.
  node -p "require('$programs/../sdks.json').map((set) => [set.folder, set.registry, ...set.packages].join(' ')).join('\n')" |
    xargs -P 3 -I '{}' bash -c "install_sdk_set '$toolchains/sdks' {}" ||
    missing 'could not install all official SDKs'
}

# install_sdk_set ROOT FOLDER REGISTRY PACKAGE...: what was asked for is left beside it.
install_sdk_set() {
  local folder=$1/$2 registry=$3
  shift 3
  [ "$(cat "$folder/installed" 2>/dev/null)" = "$*" ] && return
  rm -rf "$folder"
  mkdir -p "$folder"
  if [ "$registry" = npm ]; then
    npm install --prefix "$folder" --no-save --no-audit --no-fund --silent "$@"
  else
    python3 -m venv "$folder/python" && "$folder/python/bin/python" -m pip install --quiet "$@"
  fi && echo "$*" >"$folder/installed" && return
  echo "client toolchains: could not install $*" >&2
  return 1
}

# llama.cpp for the processor alone, kept beside the other tools and linked to where the gateway looks for it.
install_llama() {
  local folder=$toolchains/llama arch modules
  modules=$(cd "$(dirname "$0")/../node_modules" && pwd) || return
  case $(uname -sm) in
  'Linux x86_64') arch=linux-x64 ;;
  'Linux aarch64') arch=linux-arm64 ;;
  *) missing "llama.cpp is not tried on $(uname -sm)" && return ;;
  esac
  if ! grep -qs "\"version\": \"$LLAMA\"" "$folder/node_modules/node-llama-cpp/package.json"; then
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-save --no-audit --no-fund --silent --ignore-scripts --omit=optional \
      "node-llama-cpp@$LLAMA" "@node-llama-cpp/$arch@$LLAMA" || missing 'could not install llama.cpp'
  fi
  [ -e "$modules/node-llama-cpp" ] || ln -sfn "$folder/node_modules/node-llama-cpp" "$modules/node-llama-cpp"
}

# Leaves the class path of openai-java with everything that it needs, and which version that is.
install_java() {
  local folder=$toolchains/java version
  [ -s "$folder/classpath" ] && [ -s "$folder/version" ] && return
  mkdir -p "$folder"
  for version in "${OPENAI_JAVA[@]}"; do
    {
      echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
      echo '<groupId>tolmach</groupId><artifactId>clients</artifactId><version>1</version><dependencies>'
      sed "s/${OPENAI_JAVA[0]}/$version/" "$programs/chatinfo/dependency.xml"
      echo '</dependencies></project>'
    } >"$folder/pom.xml"
    if mvn -B -q -f "$folder/pom.xml" dependency:build-classpath "-Dmdep.outputFile=$folder/classpath" \
      >"$folder/maven.log" 2>&1; then
      echo "$version" >"$folder/version"
      return
    fi
    sed 's/^/  /' "$folder/maven.log" | head -3 >&2
  done
  missing 'could not install openai-java'
}

for part in "${@:-all}"; do
  case $part in
  all)
    install_system
    install_python
    install_vendors
    install_java
    install_sdks
    install_llama
    ;;
  system | python | axios | vendors | java | sdks | llama) "install_$part" ;;
  *) missing "no such part: $part" ;;
  esac
done
exit $status
