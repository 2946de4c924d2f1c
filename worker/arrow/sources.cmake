# What libchorus_arrow.so is made of: for worker/arrow, which builds it, and worker/columns, which opens it.
set(CHORUS_ARROW_SOURCES
  ${PROJECT_SOURCE_DIR}/worker/arrow/arrow_objects.cc
  ${PROJECT_SOURCE_DIR}/worker/arrow/arrow_open.cc
  ${PROJECT_SOURCE_DIR}/worker/arrow/input_file.cc
  ${PROJECT_SOURCE_DIR}/worker/arrow/object_files.cc
  ${PROJECT_SOURCE_DIR}/worker/arrow/object_requests.cc
  ${PROJECT_SOURCE_DIR}/worker/arrow/orc_reader.cc
  ${PROJECT_SOURCE_DIR}/worker/arrow/parquet_reader.cc
  ${PROJECT_SOURCE_DIR}/worker/arrow/parquet_writer.cc)
