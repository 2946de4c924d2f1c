#include <google/protobuf/text_format.h>

#include <algorithm>

#include "common/check.h"
#include "common/config.h"
#include "common/config_internal.h"
#include "common/strings.h"

namespace chorus {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

bool IsIgnored(const std::string& path, const std::vector<std::string>& ignored) {
  return std::any_of(ignored.begin(), ignored.end(), [&](const std::string& prefix) {
    return path == prefix || path.starts_with(prefix + ".");
  });
}

// One field on one line: "512", "[360, 200, 80]", "{ lr: 0.1 }", "unset".
std::string ValueText(const Message& config, const FieldDescriptor* field) {
  const auto& reflection = *config.GetReflection();
  TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  if (!field->is_repeated()) {
    if (!reflection.HasField(config, field)) return "unset";
    printer.PrintFieldValueToString(config, field, -1, &text);
    return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE ? StrCat("{ ", text, "}") : text;
  }
  std::vector<std::string> elements;
  for (int i = 0; i < reflection.FieldSize(config, field); ++i) {
    printer.PrintFieldValueToString(config, field, i, &text);
    elements.push_back(text);
  }
  return StrCat("[", Join(elements, ", "), "]");
}

std::string ElementText(const Message& element) {
  TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(element, &text);
  return StrCat("{ ", text, "}");
}

void AddDifferences(const Message& a, const Message& b, const std::string& path,
                    const std::vector<std::string>& ignored, std::vector<std::string>* out);

void AddListDifferences(const Message& a, const Message& b, const FieldDescriptor* field,
                        const std::string& path, const std::vector<std::string>& ignored,
                        std::vector<std::string>* out) {
  const auto& reflection = *a.GetReflection();
  const int of_a = reflection.FieldSize(a, field);
  const int of_b = reflection.FieldSize(b, field);
  for (int i = 0; i < std::max(of_a, of_b); ++i) {
    const std::string at = internal::Under(path, StrCat(i));
    if (i < of_a && i < of_b) {
      AddDifferences(reflection.GetRepeatedMessage(a, field, i),
                     reflection.GetRepeatedMessage(b, field, i), at, ignored, out);
    } else if (!IsIgnored(at, ignored)) {
      const auto text = [&](const Message& m, int size) {
        return i < size ? ElementText(reflection.GetRepeatedMessage(m, field, i)) : "unset";
      };
      out->push_back(StrCat(at, ": ", text(a, of_a), " | ", text(b, of_b)));
    }
  }
}

void AddDifferences(const Message& a, const Message& b, const std::string& path,
                    const std::vector<std::string>& ignored, std::vector<std::string>* out) {
  const auto* type = a.GetDescriptor();
  const auto& reflection = *a.GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    const std::string at = internal::Under(path, field->name());
    if (IsIgnored(at, ignored)) continue;
    const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (is_message && field->is_repeated()) {
      AddListDifferences(a, b, field, at, ignored, out);
    } else if (is_message && reflection.HasField(a, field) && reflection.HasField(b, field)) {
      AddDifferences(reflection.GetMessage(a, field), reflection.GetMessage(b, field), at, ignored,
                     out);
    } else if (ValueText(a, field) != ValueText(b, field)) {
      out->push_back(StrCat(at, ": ", ValueText(a, field), " | ", ValueText(b, field)));
    }
  }
}

}  // namespace

std::string PrintConfig(const Message& config) {
  TextFormat::Printer printer;
  printer.SetUseShortRepeatedPrimitives(true);
  std::string text;
  CHECK(printer.PrintToString(config, &text));
  return text;
}

std::vector<std::string> DifferingFields(const Message& a, const Message& b,
                                         const std::vector<std::string>& ignored) {
  CHECK(a.GetDescriptor() == b.GetDescriptor());
  std::vector<std::string> differences;
  AddDifferences(a, b, "", ignored, &differences);
  return differences;
}

}  // namespace chorus
