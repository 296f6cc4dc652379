// The ten handlers on hapi with bassmaster, both as they come. Run with NODE_PATH at the folder they are installed in.
'use strict';

const Hapi = require('@hapi/hapi');

const item = (id) => ({ id, name: `Item ${id}`, price: 12.5, in_stock: true, tags: ['a', 'b'] });
const later = () => new Promise((resolve) => setTimeout(resolve, 20));

const main = async () => {
    const server = Hapi.server({ host: '127.0.0.1', port: Number(process.argv[2]) });
    server.route([
        { method: 'GET', path: '/items/{id}', handler: (request) => item(Number(request.params.id)) },
        {
            method: 'GET',
            path: '/slow/{id}',
            handler: async (request) => {
                await later();
                return item(Number(request.params.id));
            },
        },
    ]);
    await server.register(require('bassmaster'));
    await server.start();
};

main();
