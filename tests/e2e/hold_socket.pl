# Holds listening sockets as a service manager does, and keeps a program running on them: perl hold_socket.pl COUNT
# PROGRAM ARGUMENT...  Prints each socket's port, then each start's process id. SIGTERM ends both.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();

$^F = 100;    # descriptors up to that stay open in the program
$| = 1;
my $count = shift @ARGV;
my @sockets = map { IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1') or die $! } 1 .. $count;
print join(' ', 'ports', map { $_->sockport } @sockets), "\n";
my ($child, $ending);
# A process just forked has no child: `kill 0` would end the whole group, the tests' own runner with it.
$SIG{TERM} = sub { $ending = 1; $child ? kill('TERM', $child) : POSIX::_exit(0) };
until ($ending) {
  $child = fork;
  if (!$child) {
    $SIG{TERM} = 'DEFAULT';
    POSIX::dup2(fileno($sockets[$_]), 50 + $_) for 0 .. $#sockets;
    POSIX::dup2(50 + $_, 3 + $_) for 0 .. $#sockets;
    POSIX::close($_) for 3 + $count .. 60;
    @ENV{qw(LISTEN_PID LISTEN_FDS)} = ($$, $ENV{SAID} || $count);
    exec @ARGV or die $!;
  }
  print "pid $child\n";
  waitpid $child, 0;
}
exit($? >> 8);
