#include "worker/import/message_schema.h"

#include "common/strings.h"

namespace chorus::worker {
namespace {

bool IsDelimited(const ImportSchema& schema) {
  return schema.format() == ImportSchema::DELIMITED ||
         schema.format() == ImportSchema::FORMAT_UNSPECIFIED;
}

// The names become a header line, which an import reads like any other one.
Status CheckNames(const ImportSchema& schema, const std::string& schema_name,
                  const KafkaAddress& address) {
  for (const std::string& name : address.columns) {
    const bool has_delimiter =
        !schema.delimiter().empty() && name.find(schema.delimiter()) != std::string::npos;
    if (!has_delimiter && name.find_first_of("\"\r\n") == std::string::npos) continue;
    return InvalidArgument(StrCat(
        "columns=: the name '", name, "' has ",
        has_delimiter ? StrCat("the delimiter of ", schema_name, " ('", schema.delimiter(), "')")
                      : std::string("a quote or an end of a line"),
        ": names are divided by commas, as in columns=user,item"));
  }
  return Status::Ok();
}

}  // namespace

Status CheckMessageSchema(const ImportSchema& schema, const std::string& schema_name,
                          const KafkaAddress& address) {
  const auto format = schema.format();
  if (format == ImportSchema::PARQUET || format == ImportSchema::ORC) {
    return InvalidArgument(StrCat(schema_name, ": format ", ImportSchema::Format_Name(format),
                                  " has whole files, and a message is a row: text, or TFRECORD for "
                                  "messages that are a tf.Example each"));
  }
  if (!IsDelimited(schema) && !address.columns.empty()) {
    return InvalidArgument(StrCat("columns= names those of delimited text, and the format of ",
                                  schema_name, " is ", ImportSchema::Format_Name(format)));
  }
  if (IsDelimited(schema) && schema.header() == address.columns.empty()) {
    return InvalidArgument(
        schema.header()
            ? StrCat("topic ", address.topic, ": messages have no header line: name the columns ",
                     "in the input (?columns=user,item,click), or set header: false in ",
                     schema_name, ", where they are 0, 1, ...")
            : StrCat("topic ", address.topic, ": the input names columns, and ", schema_name,
                     " says header: false, where they are 0, 1, ...: leave one of both out"));
  }
  return CheckNames(schema, schema_name, address);
}

}  // namespace chorus::worker
