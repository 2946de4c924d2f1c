#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <optional>
#include <vector>

#include "common/byte_order_mark.h"
#include "common/config_internal.h"
#include "common/strings.h"

namespace chorus::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;
using google::protobuf::io::Tokenizer;

// The first error of a parse; lines and columns count from 0.
struct FirstError : google::protobuf::io::ErrorCollector {
  struct Error {
    int line;
    int column;
    std::string text;
  };
  void AddError(int line, int column, const std::string& text) override {
    if (!first.has_value()) first = Error{line, column, text};
  }
  std::optional<Error> first;
};

// Where the parser was when it stopped.
struct Stop {
  std::vector<std::string> path;  // of the field
  int last_line = 0;              // of the token before
};

// At (line, column): names before '{' nest, a name after ':' or inside [] is a value.
Stop StopAt(const std::string& text, int line, int column) {
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  FirstError ignored;
  Tokenizer tokens(&stream, &ignored);
  tokens.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
  Stop stop;
  std::vector<std::string>& path = stop.path;
  std::string field;
  std::string previous;
  int brackets = 0;
  while (tokens.Next()) {
    const Tokenizer::Token& token = tokens.current();
    if (token.line > line || (token.line == line && token.column >= column)) break;
    if (token.text == "{" || token.text == "<") {
      path.push_back(field);
    } else if (token.text == "}" || token.text == ">") {
      if (!path.empty()) path.pop_back();
      field.clear();
    } else if (token.text == "[") {
      ++brackets;
    } else if (token.text == "]") {
      --brackets;
    } else if (token.type == Tokenizer::TYPE_IDENTIFIER && brackets == 0 && previous != ":" &&
               previous != "-") {
      field = token.text;
    }
    previous = token.text;
    stop.last_line = token.line;
  }
  if (!field.empty()) path.push_back(field);
  return stop;
}

bool IsOfBoolean(const std::string& error) {
  return error.starts_with("Invalid value for boolean field");
}

// Whether the parser reports the error at the token behind the wrong name, which may be lines below
// it.
bool IsToldBehind(const std::string& error) {
  return error.find("has no field named") != std::string::npos ||
         error.starts_with("Unknown enumeration value") || IsOfBoolean(error);
}

// The value that does not fit: the first text in quotes, or the second behind the name of a boolean
// field; "" when there is none.
std::string QuotedValue(const std::string& error) {
  const std::vector<std::string> parts = Split(error, '"');
  const size_t value = IsOfBoolean(error) ? 3 : 1;
  return value + 1 < parts.size() ? parts[value] : "";
}

// The parser's error, followed by what is allowed at `path` (of `type`): the alternatives to a wrong
// value or an unknown field.
std::string Described(const std::string& error, const Descriptor* type,
                      const std::vector<std::string>& path) {
  std::string problem = error;
  while (problem.ends_with('.')) problem.pop_back();
  for (size_t i = 0; i < path.size(); ++i) {
    const FieldDescriptor* field = type->FindFieldByName(path[i]);
    if (field == nullptr) return NoSuchField(path[i], *type);
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return problem + InsteadOfValue(QuotedValue(error), *field);
    }
    type = field->message_type();
  }
  return StrCat(problem, "; allowed: known fields: ", FieldNames(*type));
}

Status DescribeError(const std::string& file, const std::string& text, const std::string& root,
                     const Descriptor* type, const FirstError::Error& error) {
  const Stop stop = StopAt(text, error.line, error.column);
  const std::vector<std::string>& path = stop.path;
  const int line = IsToldBehind(error.text) ? stop.last_line : error.line;
  const std::string place = StrCat(file, ":", line + 1);
  const std::string where = path.empty() ? root : Under(root, Join(path, "."));
  return FieldError(place, where, Described(error.text, type, path));
}

// Records the line of every field and of every element of repeated fields.
void AddPlaces(const std::string& file, const Message& config, const std::string& path,
               TextFormat::ParseInfoTree* tree, Origins* origins) {
  if (tree == nullptr) return;
  const auto& reflection = *config.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(config, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool list = field->is_repeated();
    const bool nests = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    const std::string at = Under(path, field->name());
    origins->Add(at, StrCat(file, ":", tree->GetLocation(field, list ? 0 : -1).line + 1));
    if (!list && nests) {
      AddPlaces(file, reflection.GetMessage(config, field), at, tree->GetTreeForNested(field, -1),
                origins);
    }
    for (int i = 0; list && i < reflection.FieldSize(config, field); ++i) {
      const std::string element = Under(at, StrCat(i));
      // A list in brackets has one place; its elements fall back on that.
      const int line = tree->GetLocation(field, i).line;
      if (line >= 0) origins->Add(element, StrCat(file, ":", line + 1));
      if (!nests) continue;
      AddPlaces(file, reflection.GetRepeatedMessage(config, field, i), element,
                tree->GetTreeForNested(field, i), origins);
    }
  }
}

}  // namespace

Status ParseText(const std::string& file, const std::string& text, const std::string& path,
                 Message* config, Origins* origins) {
  constexpr int kDeepest = 32;
  FirstError errors;
  TextFormat::ParseInfoTree tree;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.WriteLocationsTo(&tree);
  parser.SetRecursionLimit(kDeepest);
  if (!parser.ParseFromString(std::string(WithoutByteOrderMark(text)), config)) {
    if (!errors.first.has_value()) return InvalidArgument(StrCat(file, ": is not text format"));
    return DescribeError(file, text, path, config->GetDescriptor(), *errors.first);
  }
  AddPlaces(file, *config, path, &tree, origins);
  return Status::Ok();
}

}  // namespace chorus::internal
