return { token = "abc", threads = 16, watch = false }
