// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

extern char** environ;

namespace harness {
namespace {

volatile std::sig_atomic_t interrupt_signal = 0;

void on_interrupt(int number) {
  if (interrupt_signal != 0 && number == SIGINT) _exit(128 + number);
  interrupt_signal = number;
}

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  void take(int number) {
    close();
    number_ = number;
  }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

constexpr std::size_t most_output = std::size_t{64} << 20;

// False at the end of the stream.
bool drain(const Descriptor& from, std::string& text) {
  std::array<char, 16384> bytes;
  const ssize_t count = read(from.number(), bytes.data(), bytes.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (text.size() < most_output) text.append(bytes.data(), static_cast<std::size_t>(count));
  return count > 0;
}

double seconds_of(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

vm::Result<pid_t> spawn(const ChildRequest& request, const Descriptor& output, const Descriptor& errors) {
  std::vector<char*> arguments;
  for (const std::string& argument : request.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  for (const std::string& entry : request.environment) environment.push_back(const_cast<char*>(entry.c_str()));
  environment.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output.number(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.number(), STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&ours, number);
  posix_spawnattr_setsigdefault(&attributes, &ours);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int failure = posix_spawn(&child, arguments[0], &actions, &attributes, arguments.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return vm::Error{request.arguments[0] + " cannot be started: " + std::strerror(failure)};
  return child;
}

}  // namespace

void watch_interrupts() {
  struct sigaction action {};
  action.sa_handler = &on_interrupt;  // without SA_RESTART: poll returns
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaction(number, &action, nullptr);
}

bool interrupt_requested() { return interrupt_signal != 0; }
int interrupt_status() { return 128 + interrupt_signal; }

vm::Result<ChildResult> run_child(const ChildRequest& request) {
  int output_pipe[2], error_pipe[2];
  if (pipe2(output_pipe, O_CLOEXEC) != 0) return vm::Error{std::string("a pipe cannot be made: ") + std::strerror(errno)};
  Descriptor output(output_pipe[0]), output_end(output_pipe[1]);
  if (pipe2(error_pipe, O_CLOEXEC) != 0) return vm::Error{std::string("a pipe cannot be made: ") + std::strerror(errno)};
  Descriptor errors(error_pipe[0]), errors_end(error_pipe[1]);

  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const auto spawned = spawn(request, output_end, errors_end);
  if (!spawned) return spawned.error();
  const pid_t child = *spawned;
  output_end.close();
  errors_end.close();
  const Descriptor ended(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));  // glibc 2.36 declares pidfd_open without extern "C"

  ChildResult result;
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  const auto kill_group = [&] { kill(-child, SIGKILL); };
  bool alive = true;
  rusage usage{};
  int status = 0;
  while (alive || output.number() >= 0 || errors.number() >= 0) {
    // At most 50 ms a turn: a signal just before poll() would not end it, and a kernel without pidfd must be asked.
    std::array<pollfd, 3> wait{{{output.number(), POLLIN, 0}, {errors.number(), POLLIN, 0}, {alive ? ended.number() : -1, POLLIN, 0}}};
    poll(wait.data(), wait.size(), 50);
    if (wait[0].revents != 0 && !drain(output, result.output)) output.close();
    if (wait[1].revents != 0 && !drain(errors, result.errors)) errors.close();
    if (alive && wait4(child, &status, WNOHANG, &usage) == child) {
      alive = false;
      result.wall = elapsed();
      kill_group();  // whatever it left behind would hold the pipes open
    }
    if (!alive) continue;
    if (interrupt_requested() && !result.interrupted) {
      result.interrupted = true;
      kill_group();
    } else if (elapsed() > request.timeout && !result.timed_out) {
      result.timed_out = true;
      kill_group();
    }
  }
  result.cpu = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
  result.involuntary = usage.ru_nivcsw;
  if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

}  // namespace harness
