#include "store/byte_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/check.hpp"

namespace derivd::store {
namespace {

constexpr std::size_t kWindow = 1 << 16;
/// The window of deflate, and that a gzip head and its checksum stand around it (zlib.h).
constexpr int kGzip = 15 + 16;
constexpr std::string_view kGzipMagic = "\x1f\x8b";

}  // namespace

core::Result<std::unique_ptr<ByteSource>> ByteSource::open(const std::string& path) {
  File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    const auto text = fmt::format("{}: cannot be read: {}", path, std::strerror(errno));
    return errno == ENOENT ? core::Error{core::ErrorKind::kNotFound, text} : core::io_error(text);
  }
  ::posix_fadvise(file.fd(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return of(std::move(file), path);
}

std::unique_ptr<ByteSource> ByteSource::of(File file, std::string name) {
  std::unique_ptr<ByteSource> out(new ByteSource(std::move(name)));
  out->file_ = std::move(file);
  out->window_.resize(kWindow);
  return out;
}

std::unique_ptr<ByteSource> ByteSource::of(std::string text, std::string name) {
  std::unique_ptr<ByteSource> out(new ByteSource(std::move(name)));
  out->window_.assign(text.begin(), text.end());
  out->end_ = text.size();
  out->eof_ = true;
  return out;
}

ByteSource::~ByteSource() {
  if (inflating_) ::inflateEnd(&stream_);
}

/// More bytes behind those that are left; at the end of the file none come.
core::Result<void> ByteSource::refill() {
  if (eof_) return {};
  std::memmove(window_.data(), window_.data() + at_, end_ - at_);
  end_ -= at_;
  at_ = 0;
  while (end_ < window_.size()) {
    const auto n = ::read(file_.fd(), window_.data() + end_, window_.size() - end_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return core::io_error(fmt::format("{}: cannot be read: {}", name_, std::strerror(errno)));
    }
    eof_ = n == 0;
    if (eof_) break;
    end_ += static_cast<std::size_t>(n);
  }
  return {};
}

core::Result<void> ByteSource::begin() {
  begun_ = true;
  if (auto r = refill(); !r) return r;
  if (!std::string_view(window_.data(), end_).starts_with(kGzipMagic)) return {};
  inflating_ = ::inflateInit2(&stream_, kGzip) == Z_OK;
  DERIVD_CHECK(inflating_, "zlib has memory for one window");
  return {};
}

core::Result<std::size_t> ByteSource::read(char* out, std::size_t size) {
  if (!begun_) {
    if (auto r = begin(); !r) return r.error();
  }
  if (inflating_) return inflate_into(out, size);
  std::size_t have = 0;
  while (have < size) {
    if (at_ == end_) {
      if (auto r = refill(); !r) return r.error();
      if (at_ == end_) break;
    }
    const auto n = std::min(size - have, end_ - at_);
    std::memcpy(out + have, window_.data() + at_, n);
    have += n;
    at_ += n;
  }
  return have;
}

core::Result<std::size_t> ByteSource::inflate_into(char* out, std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    if (at_ == end_) {
      if (auto r = refill(); !r) return r.error();
      if (at_ == end_ && between_members_) break;
      if (at_ == end_) {
        return core::invalid(fmt::format("{}: the compressed file is cut off", name_));
      }
    }
    between_members_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(window_.data() + at_);
    stream_.avail_in = static_cast<uInt>(end_ - at_);
    stream_.next_out = reinterpret_cast<Bytef*>(out + have);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size - have, 1U << 30U));
    const auto room = stream_.avail_out;
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    at_ = end_ - stream_.avail_in;
    have += room - stream_.avail_out;
    if (code == Z_STREAM_END) {
      between_members_ = true;
      ::inflateReset(&stream_);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return core::invalid(fmt::format("{}: the compressed file is damaged: {}", name_,
                                       stream_.msg != nullptr ? stream_.msg : ::zError(code)));
    }
  }
  return have;
}

}  // namespace derivd::store
