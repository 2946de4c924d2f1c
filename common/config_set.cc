#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <vector>

#include "common/config.pb.h"
#include "common/config_internal.h"
#include "common/file.h"
#include "common/nearest_word.h"
#include "common/strings.h"

namespace chorus::internal {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

// Where a path leads: the message that holds the last field, and what was walked to get there.
struct Target {
  Message* message;
  std::string path;   // of *message
  std::string place;  // "--set a.b=c", for errors
};

// The field by which elements of this type are addressed: its first one, when that is a text.
const FieldDescriptor* NameField(const google::protobuf::Descriptor& type) {
  const FieldDescriptor* field = type.FindFieldByNumber(1);
  return field != nullptr && field->type() == FieldDescriptor::TYPE_STRING ? field : nullptr;
}

std::string NameOf(const Message& element) {
  const FieldDescriptor* field = NameField(*element.GetDescriptor());
  if (field == nullptr) return "";
  if (!element.GetReflection()->HasField(element, field)) {
    std::string name = field->options().GetExtension(default_value);
    return name.size() >= 2 ? name.substr(1, name.size() - 2) : "";
  }
  return element.GetReflection()->GetString(element, field);
}

// "; did you mean ..? allowed: ..", for an address that is no element's. If there is at most one
// element, a field of it may be meant.
std::string InsteadOfElement(const Message& parent, const FieldDescriptor* field,
                             const std::string& address) {
  std::vector<std::string> names;
  const int count = parent.GetReflection()->FieldSize(parent, field);
  for (int i = 0; i < count; ++i) {
    const std::string name = NameOf(parent.GetReflection()->GetRepeatedMessage(parent, field, i));
    names.push_back(name.empty() ? StrCat(i) : name);
  }
  std::string choices = names.empty() ? "(none)" : Join(names, ", ");
  if (count <= 1) {
    const google::protobuf::Descriptor& type = *field->message_type();
    choices += StrCat(", or a field: ", FieldNames(type));
    for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  }
  return InsteadOfWord(address, names, choices);
}

// Moves *target to the element of repeated `field` that `address` names, or, when `address` names a
// field of the element and there is at most one element, to that one (made if absent). *consumed:
// address was used up.
Status EnterElement(const FieldDescriptor* field, const std::string& address, Target* target,
                    bool* consumed) {
  const auto* reflection = target->message->GetReflection();
  const int count = reflection->FieldSize(*target->message, field);
  int index = -1;
  *consumed = true;
  for (int i = 0; i < count && index < 0; ++i) {
    if (NameOf(reflection->GetRepeatedMessage(*target->message, field, i)) == address) index = i;
  }
  if (const auto number = ParseUint64(address); index < 0 && number && *number < uint64_t(count)) {
    index = static_cast<int>(*number);
  }
  if (index < 0 && count <= 1 && field->message_type()->FindFieldByName(address) != nullptr) {
    index = 0;
    *consumed = false;
  }
  const std::string path = Under(target->path, field->name());
  if (index < 0 && count == 0) {
    const Message* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(field->message_type());
    if (address == "0" || (!address.empty() && address == NameOf(*prototype))) index = 0;
  }
  if (index < 0) {
    return FieldError(
        target->place, path,
        StrCat("no element \"", address, "\"", InsteadOfElement(*target->message, field, address)));
  }
  target->message = count == 0 ? reflection->AddMessage(target->message, field)
                               : reflection->MutableRepeatedMessage(target->message, field, index);
  target->path = Under(path, StrCat(index));
  return Status::Ok();
}

Result<const FieldDescriptor*> FindField(const Target& target, const std::string& name) {
  const auto* type = target.message->GetDescriptor();
  const FieldDescriptor* field = type->FindFieldByName(name);
  if (field != nullptr) return field;
  return FieldError(target.place, Under(target.path, name), NoSuchField(name, *type));
}

// Follows all but the last name of the path; fields of a oneof on the way become its choice.
Result<const FieldDescriptor*> Walk(const std::vector<std::string>& names, Target* target) {
  size_t i = 0;
  while (true) {
    ASSIGN_OR_RETURN(const FieldDescriptor* field, FindField(*target, names[i]));
    ++i;
    if (i == names.size()) return field;
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return FieldError(
          target->place, Under(target->path, field->name()),
          StrCat("has no field \"", names[i], "\"; allowed: ", WhatIsAllowed(*field)));
    }
    if (!field->is_repeated()) {
      target->path = Under(target->path, field->name());
      target->message = target->message->GetReflection()->MutableMessage(target->message, field);
      continue;
    }
    bool consumed = false;
    RETURN_IF_ERROR(EnterElement(field, names[i], target, &consumed));
    if (consumed && ++i == names.size()) {
      return FieldError(target->place, target->path, "is a message: name one of its fields");
    }
  }
}

// Sets one scalar from text. The value of a text field is taken as it is, without quotes.
Status SetScalar(const FieldDescriptor* field, const std::string& value, const Target& target) {
  const auto* reflection = target.message->GetReflection();
  if (field->type() == FieldDescriptor::TYPE_STRING) {
    if (field->is_repeated()) {
      reflection->AddString(target.message, field, value);
    } else {
      reflection->SetString(target.message, field, value);
    }
    return Status::Ok();
  }
  struct Silent : google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  if (parser.ParseFieldValueFromString(std::string(Trim(value)), field, target.message))
    return Status::Ok();
  return FieldError(target.place, Under(target.path, field->name()),
                    StrCat("\"", value, "\" does not fit", InsteadOfValue(Trim(value), *field)));
}

// objective.esmm={}, model.tower={hidden: [8, 4]} or model=@FILE: the message (or the list of one)
// is replaced by the contents of the braces or of the file.
Status SetMessage(const FieldDescriptor* field, std::string_view value, const Target& target,
                  Origins* origins) {
  const auto* reflection = target.message->GetReflection();
  std::string path = Under(target.path, field->name());
  std::string text, place = target.place;
  if (value.starts_with('@')) {
    place = std::string(value.substr(1));
    Result<std::string> file = ReadWholeFile(PosixFiles(), place);
    if (!file.ok()) return FieldError(target.place, path, file.status().message());
    text = std::move(file).value();
  } else if (value.starts_with('{') && value.ends_with('}')) {
    text = std::string(value.substr(1, value.size() - 2));
  } else {
    return FieldError(
        target.place, path,
        StrCat("is a message; allowed: {...} in text format, @FILE with such a text, ", "or ", path,
               ".<field>=value with one of: ", FieldNames(*field->message_type())));
  }
  reflection->ClearField(target.message, field);
  Message* nested = field->is_repeated() ? reflection->AddMessage(target.message, field)
                                         : reflection->MutableMessage(target.message, field);
  origins->Replace(path, target.place);
  if (field->is_repeated()) path = Under(path, "0");
  return ParseText(place, text, path, nested, origins);
}

}  // namespace

Status ApplySet(const std::string& set, Message* config, Origins* origins) {
  const std::string place = StrCat("--set ", set);
  const size_t equals = set.find('=');
  if (equals == std::string::npos || equals == 0) {
    return InvalidArgument(StrCat(place, ": allowed: path.to.field=value"));
  }
  const std::string value = set.substr(equals + 1);
  Target target{config, "", place};
  ASSIGN_OR_RETURN(const FieldDescriptor* field,
                   Walk(Split(Trim(std::string_view(set).substr(0, equals)), '.'), &target));
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return SetMessage(field, Trim(value), target, origins);
  }
  origins->Replace(Under(target.path, field->name()), place);
  if (!field->is_repeated()) return SetScalar(field, value, target);
  target.message->GetReflection()->ClearField(target.message, field);
  std::string_view list = Trim(value);
  if (list.starts_with('[') && list.ends_with(']')) list = Trim(list.substr(1, list.size() - 2));
  if (list.empty()) return Status::Ok();
  for (const std::string& part : Split(list, ',')) {
    RETURN_IF_ERROR(SetScalar(field, std::string(Trim(part)), target));
  }
  return Status::Ok();
}

}  // namespace chorus::internal
