#include "launch/command/setting_help.h"

#include <google/protobuf/descriptor.h>

#include <map>
#include <vector>

#include "common/config.pb.h"
#include "common/config_internal.h"
#include "common/strings.h"
#include "launch/command/config_proto_text.h"
#include "launch/command/setting_comments.h"

namespace chorus::launch {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

constexpr size_t kWidth = 100;
constexpr char kPackage[] = "chorus.";

// The text with `indent` blanks before each line, broken between words.
std::string Paragraph(const std::string& text, size_t indent) {
  std::string out, line;
  for (const std::string& word : Split(text, ' ')) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > kWidth) {
      out += std::string(indent, ' ') + line + "\n";
      line.clear();
    }
    line += line.empty() ? word : " " + word;
  }
  return line.empty() ? out : out + std::string(indent, ' ') + line + "\n";
}

class Reference {
 public:
  Reference() : comments_(CommentsOf(kConfigProtoText)) {}

  std::string OfField(const std::string& path, const FieldDescriptor& field) const {
    return Heading(path, field) + Values(field) +
           (field.message_type() == nullptr ? "" : "\n" + Fields(*field.message_type()));
  }
  std::string OfMessage(const Descriptor& type) const {
    return type.name() + "\n" + Paragraph(CommentOf(type.full_name()), 4) + "\n" + Fields(type);
  }
  std::string Fields(const Descriptor& type) const {
    std::string out;
    for (int i = 0; i < type.field_count(); ++i) out += Heading("", *type.field(i));
    return out;
  }

 private:
  std::string CommentOf(const std::string& full_name) const {
    const auto found = comments_.find(full_name.substr(sizeof(kPackage) - 1));
    return found == comments_.end() ? "" : found->second;
  }

  // "dim: a whole number 1 .. 4096; default 18" and its comment; in a list of fields the path is
  // left out.
  std::string Heading(const std::string& path, const FieldDescriptor& field) const {
    const Descriptor* const type = field.message_type();
    std::string line = (path.empty() ? "  " + field.name() : path) + ": ";
    line += type == nullptr ? internal::WhatIsAllowed(field) : type->name();
    if (field.is_repeated()) line += ", any number of them";
    if (const std::string& text = field.options().GetExtension(default_value); !text.empty()) {
      line += "; default " + text;
    }
    if (const std::string& text = field.options().GetExtension(when_empty); !text.empty()) {
      line += "; default " + text;
    }
    std::string comment = CommentOf(field.full_name());
    if (comment.empty() && type != nullptr) comment = CommentOf(type->full_name());
    return line + "\n" + Paragraph(comment, path.empty() ? 6 : 4);
  }

  // The values of an enum that have a comment.
  std::string Values(const FieldDescriptor& field) const {
    const EnumDescriptor* const type = field.enum_type();
    std::string out;
    for (int i = 1; type != nullptr && i < type->value_count(); ++i) {
      const std::string comment = CommentOf(type->value(i)->full_name());
      if (!comment.empty()) out += Paragraph(type->value(i)->name() + ": " + comment, 4);
    }
    return out;
  }

  const std::map<std::string, std::string> comments_;
};

std::string Topics(const Reference& reference) {
  return "chorus help SETTING, of a job (--set SETTING=value, or its file):\n\n" +
         reference.Fields(*TrainConfig::descriptor()) +
         "\nof the other files, by their messages:\n\n"
         "  ImportSchema    how text becomes a log (chorus import --schema)\n"
         "  GenerateConfig  a synthetic world (chorus generate --config)\n"
         "  CompareConfig   a comparison of methods (chorus compare --config)\n\n"
         "For example: chorus help step.grain_rows, chorus help model.encoder, chorus help "
         "ImportSchema.slot.\n";
}

}  // namespace

Result<std::string> HelpOf(const std::string& path) {
  const Reference reference;
  if (path.empty()) return Topics(reference);
  const std::vector<std::string> names = Split(path, '.');
  const Descriptor* type = TrainConfig::descriptor()->file()->FindMessageTypeByName(names[0]);
  if (type != nullptr && names.size() == 1) return reference.OfMessage(*type);
  const size_t first = type == nullptr ? 0 : 1;
  if (type == nullptr) type = TrainConfig::descriptor();
  const FieldDescriptor* field = nullptr;
  for (size_t i = first; i < names.size(); ++i) {
    const FieldDescriptor* const next = type == nullptr ? nullptr : type->FindFieldByName(names[i]);
    // The name or number of an element, as --set takes it.
    if (next == nullptr && field != nullptr && field->is_repeated() && i + 1 < names.size()) {
      continue;
    }
    if (next == nullptr) {
      return InvalidArgument(
          type == nullptr ? StrCat("no setting \"", path, "\": ", field->name(), " has no fields")
                          : StrCat("no setting \"", path, "\": ", type->name(), ".", names[i], ": ",
                                   internal::NoSuchField(names[i], *type)));
    }
    field = next;
    type = field->message_type();
  }
  return reference.OfField(path, *field);
}

}  // namespace chorus::launch
