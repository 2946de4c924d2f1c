// chorus_cvr._native: Scorer for Python. pybind11 appears in this folder alone.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/json.h"
#include "launch/python/object_column.h"
#include "launch/serving/export_delta.h"
#include "launch/serving/scorer.h"

namespace chorus::launch {
namespace {

namespace py = pybind11;

// Throws the exception that errors.py has for its code.
[[noreturn]] void Raise(const Status& status) {
  const py::object error =
      py::module_::import("chorus_cvr.errors")
          .attr("of_status")(std::string(CodeName(status.code())), status.message());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  throw py::error_already_set();
}

template <typename T>
const T* DataOf(const py::object& array, int64_t expected, const char* what) {
  if (array.is_none()) return nullptr;
  const auto values = array.cast<py::array_t<T, py::array::c_style>>();
  if (values.ptr() != array.ptr() || values.ndim() != 1 || values.size() != expected) {
    throw py::value_error(std::string(what) + ": not an array of this type and length");
  }
  return values.data();
}

// Columns as frame.py makes them, with the objects that have to live as long.
class Frame {
 public:
  Frame(int64_t rows, const py::list& columns) {
    columns_.rows = rows;
    for (const py::handle column : columns) Add(column);
  }
  const InputColumns& columns() const { return columns_; }

 private:
  // An array of objects has the kind "object"; the others are described by their arrays.
  void Add(const py::handle& described) {
    const auto name = described.attr("name").cast<std::string>();
    const auto kind = described.attr("kind").cast<std::string>();
    const py::object values = described.attr("values");
    if (kind == "object") {
      ObjectColumn& column = objects_.emplace_back(name);
      for (const py::handle cell : values) {
        if (const Status status = column.AddRow(cell.ptr()); !status.ok()) Raise(status);
      }
      if (column.rows() != columns_.rows) ThrowUnequal(name);
      columns_.columns.push_back(column.View());
      return;
    }
    InputColumn column;
    column.name = name;
    const py::object ends = described.attr("ends"), lists = described.attr("lists");
    const py::ssize_t elements = kind == "text" ? py::len(ends) - 1 : py::len(values);
    column.elements = elements;
    column.there = DataOf<uint8_t>(described.attr("there"), elements, "there");
    column.lists = DataOf<int64_t>(lists, columns_.rows + 1, "lists");
    SetValues(kind, values, ends, &column);
    if (column.lists == nullptr && elements != columns_.rows) ThrowUnequal(name);
    CheckOffsets(column, values);
    columns_.columns.push_back(std::move(column));
  }

  [[noreturn]] static void ThrowUnequal(const std::string& name) {
    throw py::value_error("column '" + name + "' has another number of rows than the first one");
  }

  static void SetValues(const std::string& kind, const py::object& values, const py::object& ends,
                        InputColumn* column) {
    if (kind == "int64") {
      column->type = InputColumn::Type::kInt64;
      column->values = DataOf<int64_t>(values, column->elements, "int64");
    } else if (kind == "uint64") {
      column->type = InputColumn::Type::kUint64;
      column->values = DataOf<uint64_t>(values, column->elements, "uint64");
    } else if (kind == "float64") {
      column->type = InputColumn::Type::kFloat64;
      column->values = DataOf<double>(values, column->elements, "float64");
    } else {
      column->type = InputColumn::Type::kText;
      column->values = DataOf<uint8_t>(values, py::len(values), "text");
      column->ends = DataOf<int64_t>(ends, column->elements + 1, "ends");
    }
  }

  static void CheckAscending(const int64_t* offsets, int64_t count, int64_t end) {
    for (int64_t i = 0; i < count; ++i) {
      if (offsets[i] < 0 || offsets[i] > offsets[i + 1] || offsets[i + 1] > end) {
        throw py::value_error("offsets that do not ascend within their array");
      }
    }
  }
  void CheckOffsets(const InputColumn& column, const py::object& values) const {
    if (column.lists != nullptr) CheckAscending(column.lists, columns_.rows, column.elements);
    if (column.ends == nullptr) return;
    CheckAscending(column.ends, column.elements, static_cast<int64_t>(py::len(values)));
  }

  InputColumns columns_;
  std::deque<ObjectColumn> objects_;
};

py::array_t<double> NewScores(int64_t rows) { return py::array_t<double>(rows); }

std::span<double> SpanOf(py::array_t<double>* scores) {
  return {scores->mutable_data(), static_cast<size_t>(scores->size())};
}

// Without the interpreter's lock: other threads may run, and score, too.
template <typename Call>
py::tuple ScoreRows(int64_t rows, const Call& call) {
  py::array_t<double> pctr = NewScores(rows), pcvr = NewScores(rows), pctcvr = NewScores(rows);
  const ScoredRows out = {SpanOf(&pctr), SpanOf(&pcvr), SpanOf(&pctcvr)};
  Status status;
  {
    const py::gil_scoped_release release;
    status = call(out);
  }
  if (!status.ok()) Raise(status);
  return py::make_tuple(pctr, pcvr, pctcvr);
}

py::tuple Score(const Scorer& scorer, int64_t rows, const py::list& columns) {
  const Frame frame(rows, columns);
  return ScoreRows(rows, [&](const ScoredRows& out) { return scorer.Score(frame.columns(), out); });
}

py::tuple ScoreContexts(const Scorer& scorer, int64_t contexts, const py::list& context_columns,
                        int64_t exposures, const py::list& exposure_columns,
                        const py::array_t<int64_t, py::array::c_style>& context_of) {
  const Frame of_contexts(contexts, context_columns);
  const Frame of_exposures(exposures, exposure_columns);
  // A copy: whoever has the array may write to it while the lock is free.
  const std::vector<int64_t> index(context_of.data(), context_of.data() + context_of.size());
  return ScoreRows(exposures, [&](const ScoredRows& out) {
    return scorer.Score(of_contexts.columns(), of_exposures.columns(), index, out);
  });
}

std::unique_ptr<Scorer> Load(const std::string& folder, const std::string& precision_name) {
  ComputeConfig::Precision precision = ComputeConfig::PRECISION_UNSPECIFIED;
  if (!precision_name.empty() && !ComputeConfig::Precision_Parse(precision_name, &precision)) {
    Raise(InvalidArgument("precision: found \"" + precision_name + "\", expected FP32 or BF16"));
  }
  auto scorer = [&] {
    const py::gil_scoped_release release;
    return Scorer::Load(PosixFiles(), folder, precision);
  }();
  if (!scorer.ok()) Raise(scorer.status());
  return std::move(scorer).value();
}

void Apply(const std::string& base, const std::string& delta, const std::string& output) {
  const Status status = [&] {
    const py::gil_scoped_release release;
    return ApplyDelta(PosixFiles(), base, delta, output);
  }();
  if (!status.ok()) Raise(status);
}

std::string ManifestJson(const Scorer& scorer) {
  const Result<std::string> json = ToJson(scorer.manifest(), {.zeros = true});
  if (!json.ok()) Raise(json.status());
  return *json;
}

}  // namespace
}  // namespace chorus::launch

PYBIND11_MODULE(_native, module) {
  namespace py = pybind11;
  using chorus::launch::FeatureInfo;
  using chorus::launch::Scorer;
  module.doc() = "Chorus's scorer; chorus_cvr.Model is what users call.";
  module.def("apply_delta", &chorus::launch::Apply, py::arg("base"), py::arg("delta"),
             py::arg("output"));
  py::class_<FeatureInfo>(module, "Feature")
      .def_readonly("name", &FeatureInfo::name)
      .def_readonly("column", &FeatureInfo::column)
      .def_readonly("context", &FeatureInfo::context)
      .def_readonly("is_numeric", &FeatureInfo::is_numeric)
      .def_readonly("multi_valued", &FeatureInfo::multi_valued)
      .def_readonly("has_values", &FeatureInfo::has_values);
  py::class_<Scorer>(module, "Scorer")
      .def(py::init(&chorus::launch::Load), py::arg("folder"), py::arg("precision"))
      .def("features", &Scorer::features)
      .def("manifest_json", &chorus::launch::ManifestJson)
      .def("score", &chorus::launch::Score)
      .def("score_contexts", &chorus::launch::ScoreContexts);
}
