<?php

/**
 * The same services on Workerman, on its fastest event loop that is loaded.
 *
 *     WORKERMAN_DIR=... BENCH_PORT=... BENCH_FORMAT=jsonnl|text|frame BENCH_DIR=... php workerman.php start
 *
 * WORKERMAN_DIR is a folder in which Composer has installed workerman/workerman. BENCH_DIR takes its files.
 */

namespace Protocols {
    /** One JSON value a line. */
    class JsonNL
    {
        public static function input(string $buffer): int
        {
            $end = strpos($buffer, "\n");
            return $end === false ? 0 : $end + 1;
        }

        public static function encode(mixed $data): string
        {
            return json_encode($data) . "\n";
        }

        public static function decode(string $buffer): mixed
        {
            return json_decode($buffer, true);
        }
    }
}

namespace {
    require getenv('WORKERMAN_DIR') . '/vendor/autoload.php';

    use Workerman\Worker;

    $scheme = ['jsonnl' => 'JsonNL', 'text' => 'Text', 'frame' => 'Frame'][getenv('BENCH_FORMAT')];
    Worker::$pidFile = getenv('BENCH_DIR') . '/workerman.pid';
    Worker::$logFile = getenv('BENCH_DIR') . '/workerman.log';
    Worker::$stdoutFile = '/dev/null';

    $worker = new Worker($scheme . '://127.0.0.1:' . getenv('BENCH_PORT'));
    $worker->count = 1;
    $worker->onMessage = $scheme === 'JsonNL'
        ? function ($connection, $message) {
            $connection->send(['code' => is_int($message['id'] ?? null) ? 0 : 1, 'msg' => 'ok']);
        }
        : function ($connection, $message) {
            $connection->send($message);
        };
    Worker::runAll();
}
