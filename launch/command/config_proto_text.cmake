# cmake -DPROTO=common/config.proto -DOUTPUT=config_proto_text.cc -P config_proto_text.cmake
file(READ "${PROTO}" text)
file(WRITE "${OUTPUT}" "#include \"launch/command/config_proto_text.h\"

namespace chorus::launch {

const std::string_view kConfigProtoText = R\"chorus(${text})chorus\";

}  // namespace chorus::launch
")
