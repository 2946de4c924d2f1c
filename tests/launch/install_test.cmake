# What `cmake --install` makes of the build folder BUILD, in a prefix below SCRATCH, works there. BACKEND: a library that
# is taken for the CUDA backend, which is installed in BACKEND_FOLDER. VERSION: the project's. Run with cmake -P.
cmake_minimum_required(VERSION 3.25)
set(prefix ${SCRATCH}/prefix)
set(program ${prefix}/bin/chorus)

# run(command...): ends the test when the command fails; output is what it printed.
function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${SCRATCH} RESULT_VARIABLE result OUTPUT_VARIABLE output
                  ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(REPLACE ";" " " command "${ARGN}")
    message(FATAL_ERROR "${command}: ${result}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
file(MAKE_DIRECTORY ${SCRATCH})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --strip)
foreach(file share/chorus/configs/train/quickstart.textproto share/chorus/predict_export.py share/chorus/predict_onnx.py
             share/chorus/export_keys.py share/chorus/export_text.py share/chorus/slurm/train.sbatch share/doc/chorus/LICENSE share/doc/chorus/README.md share/bash-completion/completions/chorus)
  if(NOT EXISTS ${prefix}/${file})
    message(SEND_ERROR "${file} was not installed")
  endif()
endforeach()

run(${program} --version)
if(NOT output STREQUAL "chorus ${VERSION}\n")
  message(SEND_ERROR "--version of the installed program: ${output}")
endif()
run(${program} --help)

# Stripped, and its debug information apart.
file(SIZE ${program} stripped_bytes)
file(SIZE ${BUILD}/chorus built_bytes)
if(NOT stripped_bytes LESS built_bytes)
  message(SEND_ERROR "the installed program has ${stripped_bytes} bytes, the built one ${built_bytes}")
endif()
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix} --component debug)
file(GLOB debug ${prefix}/lib/debug/.build-id/*/*.debug)
if(NOT debug)
  message(SEND_ERROR "no debug information was installed")
endif()

# Jobs with what was installed; the program finds its CUDA backend.
set(job ${prefix}/share/chorus/configs/train/quickstart.textproto)
run(${program} generate --config ${prefix}/share/chorus/configs/generate/w1.textproto --set exposures=2000 --output log)
file(MAKE_DIRECTORY ${prefix}/${BACKEND_FOLDER})
file(COPY_FILE ${BACKEND} ${prefix}/${BACKEND_FOLDER}/libchorus_cuda.so)
run(${CMAKE_COMMAND} -E env CHORUS_CUDA_HOST_DEVICES=1 ${program} train --config ${job} --set data.log=log --set
    data.max_steps=2 --set model.tower.0.hidden=16 --set table.0.dim=4 --set cluster.placement=COLOCATED --set checkpoint.directory=model --set compute.backend=CUDA)
if(NOT output MATCHES "computing on CUDA device 0: ")
  message(SEND_ERROR "the installed program did not find its CUDA backend: ${output}")
endif()

# CMake finds it, and refuses it to whoever wants a newer one.
file(WRITE ${SCRATCH}/user/CMakeLists.txt "cmake_minimum_required(VERSION 3.25)
project(user NONE)
find_package(chorus 99 QUIET)
if(chorus_FOUND)
  message(FATAL_ERROR \"chorus 99 was found\")
endif()
find_package(chorus ${VERSION} REQUIRED)
get_target_property(location chorus::chorus LOCATION)
if(NOT location STREQUAL \"${program}\")
  message(FATAL_ERROR \"chorus is at \${location}\")
endif()
")
run(${CMAKE_COMMAND} -S user -B user-build -DCMAKE_PREFIX_PATH=${prefix})
