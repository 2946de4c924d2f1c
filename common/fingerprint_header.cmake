# Writes OUT, a header whose constant NAME is a fingerprint of SOURCES and of every file of SOURCE_DIR that these include,
# directly or through others; HEADER, as they include OUT itself, is none of them. A generated X.pb.h counts as X.proto.
# DEPFILE receives the files, for the build tool. OUT is left alone when it has that fingerprint already. Run with
# cmake -P; chorus_fingerprint (fingerprint.cmake) does.
cmake_minimum_required(VERSION 3.25)
set(todo ${SOURCES})
set(files "")
while(todo)
  list(POP_FRONT todo file)
  if(file IN_LIST files)
    continue()
  endif()
  list(APPEND files ${file})
  get_filename_component(folder ${file} DIRECTORY)
  file(STRINGS ${file} lines REGEX "^[ \t]*(#[ \t]*include|import)[ \t]+\"[^\"]+\"")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^[^\"]*\"([^\"]+)\".*" "\\1" name "${line}")
    string(REGEX REPLACE "\\.pb\\.h$" ".proto" source "${name}")
    if(EXISTS ${SOURCE_DIR}/${source})
      list(APPEND todo ${SOURCE_DIR}/${source})
    elseif(EXISTS ${folder}/${name})
      list(APPEND todo ${folder}/${name})
    elseif(NOT name STREQUAL HEADER AND NOT name MATCHES "^google/")
      # Neither what is written here, nor of protobuf.
      message(FATAL_ERROR "${file} includes \"${name}\", which is not in ${SOURCE_DIR}: ${NAME} would not cover it")
    endif()
  endforeach()
endwhile()

list(SORT files)
set(all "")
foreach(file IN LISTS files)
  file(SHA256 ${file} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 16 hash)
set(text "#pragma once
// Generated: a fingerprint of a library's sources and of all that they include.

namespace chorus {

inline constexpr char ${NAME}[] = \"${hash}\";

}  // namespace chorus
")
set(before "")
if(EXISTS ${OUT})
  file(READ ${OUT} before)
endif()
if(NOT before STREQUAL text)
  file(WRITE ${OUT} "${text}")
endif()
list(JOIN files " \\\n  " files)
file(WRITE ${DEPFILE} "${OUT}: \\\n  ${files}\n")
