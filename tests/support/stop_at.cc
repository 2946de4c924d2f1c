// A library to preload into the ranks of a job: rank $STOP_RANK stops itself, as a machine that
// hangs does, when it enters the function of MPI that $STOP_AT names.
#include <dlfcn.h>
#include <mpi.h>

#include <csignal>
#include <cstdlib>
#include <cstring>

namespace {

bool Is(const char* variable, const char* value) {
  const char* const found = std::getenv(variable);
  return found != nullptr && value != nullptr && std::strcmp(found, value) == 0;
}

void StopAt(const char* function) {
  if (Is("STOP_AT", function) && Is("STOP_RANK", std::getenv("OMPI_COMM_WORLD_RANK"))) {
    std::raise(SIGSTOP);
  }
}

// The function behind this library's one of the same name.
template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int MPI_Init_thread(int* argc, char*** argv, int required, int* provided) {
  StopAt("MPI_Init_thread");
  return Next<decltype(MPI_Init_thread)>("MPI_Init_thread")(argc, argv, required, provided);
}

int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* out) {
  StopAt("MPI_Comm_split");
  return Next<decltype(MPI_Comm_split)>("MPI_Comm_split")(comm, color, key, out);
}

int MPI_Comm_free(MPI_Comm* comm) {
  StopAt("MPI_Comm_free");
  return Next<decltype(MPI_Comm_free)>("MPI_Comm_free")(comm);
}

int MPI_Testall(int count, MPI_Request requests[], int* flag, MPI_Status statuses[]) {
  StopAt("MPI_Testall");
  return Next<decltype(MPI_Testall)>("MPI_Testall")(count, requests, flag, statuses);
}

int MPI_Iallgather(const void* out, int out_count, MPI_Datatype out_type, void* in, int in_count,
                   MPI_Datatype in_type, MPI_Comm comm, MPI_Request* request) {
  StopAt("MPI_Iallgather");
  return Next<decltype(MPI_Iallgather)>("MPI_Iallgather")(out, out_count, out_type, in, in_count,
                                                          in_type, comm, request);
}

int MPI_Finalize() {
  StopAt("MPI_Finalize");
  return Next<decltype(MPI_Finalize)>("MPI_Finalize")();
}

}  // extern "C"
