"""The small parent process: starts Redis, engine, web server and workers, and keeps them running."""

from engine.config import Config


def serve(config: Config, *, demo: bool = False) -> int:
    """Run everything in the foreground until SIGINT or SIGTERM; return the exit code.

    demo: fill an empty workspace once all is up. Raises, before anything is started, with
    one line for the person: `lock.Running`, `address.AddressError`,
    `engine.config.ConfigError`, `engine.redis.RedisError`, OSError.
    """
    # Workers and the web server import this package for `parent` alone: it stays light.
    from engine.supervisor.address import listen
    from engine.supervisor.lock import take
    from engine.supervisor.output import set_up
    from engine.supervisor.tree import Tree

    set_up()
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = take(config.data)
    with listen(config) as listener:
        return Tree(config, listener, held, demo=demo).run()
