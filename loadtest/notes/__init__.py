"""Notes that nobody waits for, by the ten thousand: none is lost, whatever happens to those at it.

What has to be there is started by the helpers of the tests: these programs come with the extra
`dev`.
"""
