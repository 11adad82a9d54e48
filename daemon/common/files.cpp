#include "common/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace derivd::daemon {
namespace {

core::Error cannot_read(const std::string& path, int error) {
  return {core::ErrorKind::kNotFound,
          fmt::format("{}: cannot be read: {}", path, std::strerror(error))};
}

}  // namespace

core::Result<ByteSource> ByteSource::open(const std::string& path) {
  ByteSource out;
  // Not the controlling terminal of a program that has none.
  out.fd_ = path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                        : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (out.fd_ < 0) return cannot_read(path, errno);
  struct stat info {};
  if (::fstat(out.fd_, &info) != 0) return cannot_read(path, errno);
  if (S_ISDIR(info.st_mode)) return core::invalid(fmt::format("{}: is a directory", path));
  out.buffer_ = std::make_unique<std::array<char, 65536>>();
  out.data_ = out.buffer_->data();
  return out;
}

ByteSource ByteSource::of(std::string_view bytes) {
  ByteSource out;
  out.data_ = bytes.data();
  out.size_ = bytes.size();
  return out;
}

ByteSource::ByteSource(ByteSource&& other) noexcept { *this = std::move(other); }

ByteSource& ByteSource::operator=(ByteSource&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(buffer_, other.buffer_);
  std::swap(data_, other.data_);
  std::swap(at_, other.at_);
  std::swap(size_, other.size_);
  std::swap(failure_, other.failure_);
  return *this;
}

ByteSource::~ByteSource() {
  if (fd_ >= 0) ::close(fd_);
}

int ByteSource::refill() {
  if (!buffer_ || !failure_.empty()) return -1;
  ssize_t n = 0;
  do {
    n = ::read(fd_, buffer_->data(), buffer_->size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) failure_ = std::strerror(errno);
  at_ = 0;
  size_ = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
  return size_ == 0 ? -1 : static_cast<unsigned char>(data_[at_++]);
}

core::Result<std::string> read_rest(ByteSource& source, const std::string& path, std::size_t most) {
  std::string out;
  for (int byte = source.next(); byte >= 0; byte = source.next()) {
    if (out.size() == most) {
      return core::invalid(fmt::format("{}: too large: more than {} bytes", path, most));
    }
    out += static_cast<char>(byte);
  }
  if (!source.failure().empty()) {
    return core::Error{core::ErrorKind::kNotFound,
                       fmt::format("{}: cannot be read: {}", path, source.failure())};
  }
  return out;
}

core::Result<std::string> read_file(const std::string& path, std::size_t most) {
  auto source = ByteSource::open(path);
  if (!source) return source.error();
  return read_rest(*source, path, most);
}

}  // namespace derivd::daemon
