# Copies the debug information of FILES to lib/debug of the prefix, by build id, where debuggers look for that of a
# stripped program: gdb -iex 'set debug-file-directory PREFIX/lib/debug' PREFIX/bin/chorus. Run by cmake --install.
foreach(file IN LISTS FILES)
  execute_process(COMMAND ${READELF} --notes ${file} OUTPUT_VARIABLE notes COMMAND_ERROR_IS_FATAL ANY)
  if(NOT notes MATCHES "Build ID: ([0-9a-f][0-9a-f])([0-9a-f]+)")
    message(FATAL_ERROR "${file} has no build id")
  endif()
  set(folder $ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}/lib/debug/.build-id/${CMAKE_MATCH_1})
  set(debug ${folder}/${CMAKE_MATCH_2}.debug)
  message(STATUS "Installing: ${debug}")
  file(MAKE_DIRECTORY ${folder})
  execute_process(COMMAND ${OBJCOPY} --only-keep-debug --compress-debug-sections ${file} ${debug}
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
