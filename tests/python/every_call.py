"""Whether the tests before this one have made every call that a server has."""

from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from service import CALLED, Case, Served


class EveryCallWasMade(Case):
    def test_every_call_was_made(self):
        served = Served()
        self.addCleanup(served.discard)
        database = ProtoReflectionDescriptorDatabase(served.channel)
        pool = DescriptorPool(database)
        services = [name for name in database.get_services() if not name.startswith("grpc.reflection.")]
        self.assertGreater(len(services), 9)
        methods = {f"/{name}/{method.name}" for name in services for method in pool.FindServiceByName(name).methods}
        self.assertEqual(sorted(methods - CALLED), [])
