// A CUDA backend as another build would have it.

extern "C" __attribute__((visibility("default"))) const char* const ChorusDeviceInterface =
    "another";

// Its parameters are anything; nobody may call it.
extern "C" __attribute__((visibility("default"), noreturn)) void ChorusOpenDevice() {
  __builtin_trap();
}
