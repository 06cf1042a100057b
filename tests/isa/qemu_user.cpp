// SPDX-License-Identifier: Apache-2.0
#include "tests/isa/qemu_user.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

extern char** environ;

namespace isa_fuzz {

namespace {

// The processor that the machine is: RV64GC. QEMU's default has more, so that what is illegal here would be legal there.
constexpr char processor[] =
    "rv64,zba=false,zbb=false,zbc=false,zbs=false,zbkb=false,zbkc=false,zbkx=false,zknd=false,zkne=false,zknh=false,zkr=false,zksed=false,"
    "zksh=false,h=false,v=false,Zfh=false,Zfhmin=false,svinval=false,svnapot=false,svpbmt=false";

int memory_file(const std::vector<u8>& bytes) {
  const int file = memfd_create("isa_fuzz", 0);
  for (std::size_t done = 0; file >= 0 && done < bytes.size();) {
    const ssize_t n = write(file, bytes.data() + done, bytes.size() - done);
    if (n <= 0) {
      close(file);
      return -1;
    }
    done += static_cast<std::size_t>(n);
  }
  return file;
}

}  // namespace

QemuRun::QemuRun(const std::string& qemu, const std::vector<u8>& elf) {
  const int file = memory_file(elf);
  int pipes[2] = {-1, -1};
  if (file < 0 || pipe2(pipes, O_CLOEXEC) != 0) {
    failure_ = std::string("cannot hand over the program: ") + std::strerror(errno);
    if (file >= 0) close(file);
    return;
  }
  std::string path = "/proc/self/fd/" + std::to_string(file);
  std::string program = qemu;
  std::string option = "-cpu";
  std::string model = processor;
  char* arguments[] = {program.data(), option.data(), model.data(), path.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
  const int failed = posix_spawnp(&process_, qemu.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(file);
  close(pipes[1]);
  output_ = pipes[0];
  if (failed != 0) {
    process_ = -1;
    failure_ = "cannot start " + qemu + ": " + std::strerror(failed) + " (install qemu-user, or name it with --qemu)";
  }
}

QemuRun::~QemuRun() {
  if (process_ >= 0) wait();
  if (output_ >= 0) close(output_);
}

Finished QemuRun::wait() {
  Finished finished;
  finished.failure = failure_;
  if (process_ < 0) return finished;
  std::vector<u8> part(1 << 16);
  for (ssize_t n = 0; (n = read(output_, part.data(), part.size())) > 0;)
    finished.data.insert(finished.data.end(), part.begin(), part.begin() + n);
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  if (WIFSIGNALED(status)) finished.failure = "qemu ends by signal " + std::to_string(WTERMSIG(status));
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) finished.failure = "qemu exits with code " + std::to_string(WEXITSTATUS(status));
  return finished;
}

}  // namespace isa_fuzz
