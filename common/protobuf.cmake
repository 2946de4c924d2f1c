# chorus_protobuf(sources name ...): sources of the messages in name.proto of this folder, which are made in the build
# folder, beside name.pb.h. protobuf_generate of CMake 3.25 drops the folder from the output path, hence the plain command.
function(chorus_protobuf sources)
  set(made "")
  foreach(name IN LISTS ARGN)
    set(output ${CMAKE_CURRENT_BINARY_DIR}/${name}.pb)
    add_custom_command(
      OUTPUT ${output}.cc ${output}.h
      COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR}
              ${CMAKE_CURRENT_SOURCE_DIR}/${name}.proto
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}.proto VERBATIM)
    list(APPEND made ${output}.cc)
  endforeach()
  set(${sources} ${made} PARENT_SCOPE)
endfunction()
