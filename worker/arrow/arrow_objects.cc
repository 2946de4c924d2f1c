// libchorus_arrow.so: ChorusArrowOpenObject and ChorusArrowListObjects over Arrow's file systems.
#include <memory>
#include <string>
#include <utility>

#include "worker/arrow/guarded.h"
#include "worker/arrow/object_files.h"
#include "worker/columns/arrow_interface.h"

namespace chorus::worker {
namespace {

OpenedObject& Of(ChorusArrowObject* object) {
  return *static_cast<OpenedObject*>(object->private_data);
}

int ReadObject(ChorusArrowObject* object, int64_t offset, int64_t bytes, void* out, char* error,
               size_t error_bytes) {
  return AnswerTo([&] { return Of(object).Read(offset, bytes, out); }, error, error_bytes);
}

void ReleaseObject(ChorusArrowObject* object) {
  delete &Of(object);
  *object = {};
}

arrow::Status Open(const std::string& uri, const ChorusArrowObjectOptions& options,
                   ChorusArrowObject* out) {
  ARROW_ASSIGN_OR_RAISE(auto object, OpenObject(uri, {.blocks_ahead = options.blocks_ahead,
                                                      .timeout_seconds = options.timeout_seconds,
                                                      .state = options.state}));
  const int64_t bytes = object->bytes();
  const char* const state = object->state().c_str();
  *out = {bytes, state, &ReadObject, &ReleaseObject, object.release()};
  return arrow::Status::OK();
}

}  // namespace
}  // namespace chorus::worker

extern "C" {

#define CHORUS_EXPORT __attribute__((visibility("default")))

CHORUS_EXPORT int ChorusArrowOpenObject(const char* uri, const ChorusArrowObjectOptions* options,
                                        ChorusArrowObject* out, char* error, size_t error_bytes) {
  return chorus::worker::AnswerTo([&] { return chorus::worker::Open(uri, *options, out); }, error,
                                  error_bytes);
}

CHORUS_EXPORT int ChorusArrowListObjects(const char* uri, double timeout_seconds, void* context,
                                         void (*take)(void* context, const char* path), char* error,
                                         size_t error_bytes) {
  const auto list = [&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const auto names, chorus::worker::ListObjects(uri, timeout_seconds));
    for (const std::string& name : names) take(context, name.c_str());
    return arrow::Status::OK();
  };
  return chorus::worker::AnswerTo(list, error, error_bytes);
}

}  // extern "C"
