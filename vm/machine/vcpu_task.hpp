// SPDX-License-Identifier: Apache-2.0
// The coroutine type of the vCPU loop. It starts suspended; an executor resumes it, on whichever thread, until it is done.
#pragma once
#include <coroutine>
#include <exception>
#include <utility>

namespace vm {

class VcpuTask {
 public:
  struct promise_type {
    VcpuTask get_return_object() { return VcpuTask(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }  // no exceptions in hart loops
  };

  explicit VcpuTask(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  VcpuTask(VcpuTask&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  VcpuTask& operator=(VcpuTask&&) = delete;
  ~VcpuTask() {
    if (handle_) handle_.destroy();
  }

  bool done() const { return handle_.done(); }
  void resume() { handle_.resume(); }

 private:
  std::coroutine_handle<promise_type> handle_;
};

}  // namespace vm
