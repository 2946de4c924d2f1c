# What libchorus_kafka.so is made of: for worker/kafka, which builds it, and worker/messages, which opens it.
set(CHORUS_KAFKA_SOURCES
  ${PROJECT_SOURCE_DIR}/worker/kafka/kafka_open.cc
  ${PROJECT_SOURCE_DIR}/worker/kafka/topic_reader.cc)
