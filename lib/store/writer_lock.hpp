// Owns the proof that one process writes a journal: a lock on a file beside it. Journal::open takes
// it before it touches the journal, the kernel frees it with the process. It never removes the
// file, since a removed lock file is how two writers come about.
#pragma once

#include <string>

#include "core/result.hpp"

namespace derivd::store {

class WriterLock final {
 public:
  /// FILE-lock. Not SQLite's own locks: those would shut readers out too.
  static core::Result<WriterLock> take(const std::string& journal_path);
  WriterLock(WriterLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock();

 private:
  explicit WriterLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace derivd::store
