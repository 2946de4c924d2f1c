# The fingerprint of the CUDA backend changes with what the backend is made of, and with nothing else. Works on a copy of
# SOURCE_DIR's sources in SCRATCH. Run with cmake -P.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${SCRATCH})
file(COPY ${SOURCE_DIR}/common ${SOURCE_DIR}/worker DESTINATION ${SCRATCH})
set(PROJECT_SOURCE_DIR ${SCRATCH})
include(${SCRATCH}/worker/cuda/sources.cmake)

# Makes the header and sets text, its content.
macro(make_header)
  execute_process(
    COMMAND ${CMAKE_COMMAND} "-DSOURCES=${CHORUS_CUDA_KERNELS};${CHORUS_CUDA_SOURCES};${CHORUS_CUDA_BASE}"
            -DSOURCE_DIR=${SCRATCH} -DHEADER=worker/device/device_interface.h -DNAME=kDeviceInterface
            -DOUT=${SCRATCH}/out.h -DDEPFILE=${SCRATCH}/out.h.d -P ${SCRATCH}/common/fingerprint_header.cmake
    RESULT_VARIABLE result ERROR_VARIABLE error)
  set(text "")
  if(EXISTS ${SCRATCH}/out.h)
    file(READ ${SCRATCH}/out.h text)
  endif()
endmacro()

make_header()
if(NOT result EQUAL 0)
  message(FATAL_ERROR "no fingerprint: ${error}")
endif()
file(READ ${SCRATCH}/out.h.d depends)

foreach(file worker/train/trainer.h worker/train/trainer.cc worker/engine/engine.h common/transport.h)
  set(before "${text}")
  file(APPEND ${SCRATCH}/${file} "// More.\n")
  make_header()
  if(NOT text STREQUAL before)
    message(SEND_ERROR "${file} is no part of the backend, and changed its fingerprint")
  endif()
  if(depends MATCHES "/${file} ")
    message(SEND_ERROR "${file} is no part of the backend, and the header depends on it")
  endif()
endforeach()

# A source, a header of another folder, one that only headers include, one that is generated, a part of the base.
foreach(file worker/cuda/rows.cu worker/device/device.h common/optimizer.h common/config.proto common/status.cc)
  set(before "${text}")
  file(APPEND ${SCRATCH}/${file} "// More.\n")
  make_header()
  if(text STREQUAL before)
    message(SEND_ERROR "${file} is part of the backend, and did not change its fingerprint")
  endif()
  if(NOT depends MATCHES "/${file}[ \n]")
    message(SEND_ERROR "${file} is part of the backend, and the header does not depend on it")
  endif()
endforeach()

# A header that is made when nothing changed keeps its time: what includes it is not compiled again.
file(TIMESTAMP ${SCRATCH}/out.h time_before "%s")
execute_process(COMMAND ${CMAKE_COMMAND} -E sleep 1.1)
make_header()
file(TIMESTAMP ${SCRATCH}/out.h time_after "%s")
if(NOT time_after STREQUAL time_before)
  message(SEND_ERROR "the header was written again, though nothing changed")
endif()

file(APPEND ${SCRATCH}/worker/device/device.h "#include \"common/none.h\"\n")
make_header()
if(result EQUAL 0 OR NOT error MATCHES "device.h[ \n]+includes[ \n]+\"common/none.h\"")
  message(SEND_ERROR "an include that is not found is no error that names it: ${error}")
endif()
