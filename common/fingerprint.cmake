# chorus_fingerprint(target header name source ...): the target makes `header`, which is included by that path, with the
# constant `name`: a fingerprint of the sources and of all that they include. A program and a library that it opens must
# have the same one. Which headers that are, is found out when it is made: no other file changes it.
set(CHORUS_FINGERPRINT_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/fingerprint_header.cmake)
function(chorus_fingerprint target header name)
  set(output ${CMAKE_BINARY_DIR}/${header})
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} "-DSOURCES=${ARGN}" -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DHEADER=${header} -DNAME=${name}
            -DOUT=${output} -DDEPFILE=${output}.d -P ${CHORUS_FINGERPRINT_SCRIPT}
    DEPENDS ${ARGN} ${CHORUS_FINGERPRINT_SCRIPT} DEPFILE ${output}.d VERBATIM)
  add_custom_target(${target} DEPENDS ${output})
endfunction()
