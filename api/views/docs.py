"""The documentation, and the answer to addresses that do not exist."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from api.exceptions import NotFound
from api.views.base import AnyRenderer


class SchemaView(SpectacularAPIView):
    """The API's description by OpenAPI 3.1; it names no customer's data and is open to all."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class DocsView(SpectacularSwaggerSplitView):
    """The documentation to read and try; its script has an address of its own, as the policy asks."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    url_name = "api-schema"
    template_name = "api/docs.html"


class NothingHere(APIView):
    """Any other address below the API's."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = AnyRenderer
    renderer_classes = (JSONRenderer,)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        super().initial(request, *args, **kwargs)
        hint = "" if request.path.endswith("/") else " Paths end with a slash."
        raise NotFound(f"There is nothing at {request.path}.{hint}")
