"""GoogLeNet."""

from tests.references.peers.golden import Golden, import_torchvision


def rows():
    tv = import_torchvision().models

    def build():
        model = tv.googlenet(aux_logits=True, transform_input=False, init_weights=False)
        # Outside training torchvision does not run its auxiliary heads; here they are run.
        model.inception4a.register_forward_hook(lambda _m, _x, out: run(model.aux1, out))
        model.inception4d.register_forward_hook(lambda _m, _x, out: run(model.aux2, out))
        return model

    def run(head, features):
        head(features)

    ends = {"stage1": "conv1", "stage2": "conv3", "stage3": "inception3b",
            "stage4": "inception4e", "stage5": "inception5b", "stage3_pool": "maxpool2",
            "stage5_pool": "maxpool4", "aux1": "aux1", "aux2": "aux2"}  # fmt: skip
    yield Golden("googlenet", "torchvision", build, ends, 1.0, {"auxiliary": True})
