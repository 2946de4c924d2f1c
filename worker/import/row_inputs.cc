#include "worker/import/row_inputs.h"

#include <optional>
#include <utility>

#include "common/check.h"
#include "common/proto_enum.h"
#include "common/strings.h"
#include "worker/columns/arrow_file.h"
#include "worker/import/text_rows.h"
#include "worker/import/wildcard.h"

namespace chorus::worker {
namespace {

// The content that a schema names; nothing: the inputs tell it.
std::optional<Content> ContentOf(ImportSchema::Format format) {
  switch (format) {
    case ImportSchema::PARQUET:
      return Content::kParquet;
    case ImportSchema::ORC:
      return Content::kOrc;
    case ImportSchema::TFRECORD:
      return Content::kTfRecord;
    case ImportSchema::DELIMITED:
    case ImportSchema::FORMAT_UNSPECIFIED:
      return std::nullopt;
    case ImportSchema::ALI_CCP:
    case ImportSchema::LIBSVM:
    case ImportSchema::LIBFFM:
    case ImportSchema::SLOT_TEXT:
      return Content::kText;
    case NO_VALUE_OF(ImportSchema_Format_ImportSchema_Format):
      break;
  }
  CHECK(false, "no format: ", format);
}

// Nothing: the input has no bytes, or can be opened once alone.
Result<std::optional<Content>> ContentOf(const TextInput& input) {
  if (input.open_file == nullptr) return std::optional<Content>();
  ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, input.open());
  std::string first_bytes;
  RETURN_IF_ERROR(NewUnpackingSource(std::move(source), &first_bytes).status());
  if (first_bytes.empty()) return std::optional<Content>();
  return std::optional<Content>(worker::ContentOf(first_bytes));
}

// The columns that a schema names, without wildcards.
std::vector<std::string> NamesOf(const ImportSchema& schema) {
  std::vector<std::string> names;
  for (const std::string& column : NamedColumns(schema)) {
    if (!HasWildcard(column)) names.push_back(column);
  }
  return names;
}

Result<std::unique_ptr<ColumnSource>> OpenColumns(const TextInput& input,
                                                  const ArrowFileOptions& options) {
  if (input.open_file == nullptr) {
    return InvalidArgument("Parquet and ORC are read from files, this is none");
  }
  ASSIGN_OR_RETURN(auto file, input.open_file());
  return OpenArrowFile(std::move(file), options);
}

}  // namespace

Result<Content> ContentOfAll(const ImportSchema& schema, const std::vector<TextInput>& inputs) {
  std::optional<Content> all = ContentOf(schema.format());
  const TextInput* first = nullptr;  // that told it
  for (const TextInput& input : inputs) {
    auto content = ContentOf(input);
    if (!content.ok()) return content.status().Annotate(input.name);
    if (!content->has_value() || *content == all) continue;
    if (!all) {
      all = *content;
      first = &input;
      continue;
    }
    const std::string is = StrCat("this is ", NameOf(**content));
    return InvalidArgument(first == nullptr
                               ? StrCat(input.name, ": ", is, ", and the schema's format is ",
                                        ImportSchema::Format_Name(schema.format()))
                               : StrCat(input.name, ": ", is, ", and ", first->name, " is ",
                                        NameOf(*all), ": import them apart"));
  }
  return all.value_or(Content::kText);
}

Result<std::unique_ptr<RowTable>> RowInputs::Open() const {
  switch (content) {
    case Content::kText: {
      ASSIGN_OR_RETURN(auto table, TextTable::Open(inputs, format));
      return NewTextRows(std::move(table));
    }
    case Content::kTfRecord:
      return NewExampleRows(inputs, features);
    case Content::kParquet:
    case Content::kOrc:
      break;
  }
  return OpenColumnRows(ColumnInputsOf(*this), threads);
}

std::vector<ColumnInput> ColumnInputsOf(const RowInputs& rows) {
  const ArrowFileOptions options = {
      .format = rows.content == Content::kParquet ? ArrowFormat::kParquet : ArrowFormat::kOrc,
      .threads = rows.threads};
  std::vector<ColumnInput> columns;
  for (const TextInput& input : rows.inputs) {
    columns.push_back({input.name, [input, options] { return OpenColumns(input, options); }});
  }
  return columns;
}

Result<RowInputs> PrepareRows(FileSystem& files, const ImportSchema& schema,
                              std::vector<TextInput> inputs, const CommonRowsOptions& common) {
  RowInputs rows;
  rows.threads = common.threads;
  ASSIGN_OR_RETURN(rows.content, ContentOfAll(schema, inputs));
  if (rows.content == Content::kText) {
    ASSIGN_OR_RETURN(RowsOfText text, PrepareText(files, schema, std::move(inputs), common));
    rows.inputs = std::move(text.inputs);
    rows.format = std::move(text.format);
    rows.bad_common_rows = text.bad_common_rows;
    return rows;
  }
  rows.inputs = std::move(inputs);
  if (rows.content == Content::kTfRecord) {
    ASSIGN_OR_RETURN(rows.features, LookAtExamples(rows.inputs, NamesOf(schema)));
  }
  return rows;
}

}  // namespace chorus::worker
