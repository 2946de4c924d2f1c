# Headers that most sources include are parsed once, not once a source: half of the time of a build. A source still names
# every header that it needs: `-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON` compiles without this, as lint does. A compiler cache
# (ccache) tells precompiled headers of two folders apart, so that developers who share one switch them off, too.

# chorus_precompile(name LIBS lib ... HEADERS header ...): something that targets with the options of these libraries can
# reuse.
function(chorus_precompile name)
  cmake_parse_arguments(arg "" "" "LIBS;HEADERS" ${ARGN})
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc CONTENT "// Nothing: CMake wants a source.\n")
  add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  target_link_libraries(${name} PRIVATE chorus_options ${arg_LIBS})
  target_precompile_headers(${name} PRIVATE ${arg_HEADERS})
endfunction()

# chorus_reuse_precompiled(folder): all targets of the folder and of those below that are compiled with our usual options
# reuse chorus_precompiled or, if they link GoogleTest, chorus_precompiled_tests. Code for shared libraries or OpenMP has
# other options, as have some sources.
function(chorus_reuse_precompiled folder)
  if(CHORUS_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    return()  # g++ 12 crashes on them where threads are watched
  endif()
  get_property(below DIRECTORY ${folder} PROPERTY SUBDIRECTORIES)
  foreach(each IN LISTS below)
    chorus_reuse_precompiled(${each})
  endforeach()
  get_property(targets DIRECTORY ${folder} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(NOT type MATCHES "^(STATIC_LIBRARY|EXECUTABLE)$")
      continue()
    endif()
    get_target_property(libraries ${target} LINK_LIBRARIES)
    get_target_property(for_shared ${target} POSITION_INDEPENDENT_CODE)
    if(for_shared OR NOT libraries OR libraries MATCHES OpenMP OR target STREQUAL chorus_proto)
      continue()
    endif()
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
      cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder})
      get_source_file_property(options ${source} DIRECTORY ${folder} COMPILE_OPTIONS)
      if(options)
        set_source_files_properties(${source} DIRECTORY ${folder} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
      endif()
    endforeach()
    if(NOT libraries MATCHES "GTest::")
      target_precompile_headers(${target} REUSE_FROM chorus_precompiled)
      continue()
    endif()
    target_precompile_headers(${target} REUSE_FROM chorus_precompiled_tests)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
      # g++ 12 warns falsely of std::string's own code, which is no system header's then.
      target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow)
    endif()
  endforeach()
endfunction()
