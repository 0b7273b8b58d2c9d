"""Radiance of the surfaces that a camera's rays meet."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from snn_depth.data.world.domains import Conditions
from snn_depth.data.world.geometry.fractal_texture import cell_random, covered_share, fractal_noise
from snn_depth.data.world.geometry.primitives import Material, Primitives
from snn_depth.data.world.geometry.ray_casting import Hits, PinholeCamera
from snn_depth.data.world.geometry.shapes import normal
from snn_depth.data.world.light.lighting import Shadows

_LUMINANCE = (0.2126, 0.7152, 0.0722)
# Pixels that look along a surface would need an endless footprint.
_MIN_GRAZING = 0.02
# Strength of the car's own lights and of street lamps: radiance of white at one metre.
_HEADLIGHT = 55.0
_STREET_LAMP = 5.0


@dataclass(frozen=True)
class Surface:
    """Geometry at the hits of N rays.

    Attributes:
        normal: World unit normal, (N, 3).
        uvw_m: Metres from the lower corner of the primitive along its own axes, (N, 3).
        spread_m: How far `uvw_m` moves from one pixel to the next, (N, 3).
        axis: Own axis that the face looks along, (N,), 2 = up or down.
        view: World unit vector to the camera, (N, 3).
    """

    position: Tensor
    normal: Tensor
    uvw_m: Tensor
    spread_m: Tensor
    axis: Tensor
    view: Tensor
    distance_m: Tensor


def surface_at(
    primitives: Primitives, camera: PinholeCamera, pose: Tensor, pixel: Tensor, hits: Hits
) -> Surface:
    """Geometry of the surfaces at some pixels, (N,), which must have hit something."""
    device = primitives.center.device
    pose = pose.to(device)
    depth, owner = hits.depth_m[pixel], hits.primitive[pixel]
    ray = camera.directions(device)[pixel]
    rotation = pose[:3, :3].float()
    direction = ray @ rotation.T
    position = pose[:3, 3].float() + depth[:, None] * direction

    to_local = primitives.local_from_world
    origin = (to_local @ (pose[:3, 3] - primitives.center)[..., None])[..., 0].float()
    axes = (to_local @ pose[:3, :3]).float().index_select(0, owner)
    local_direction = (axes @ ray[..., None])[..., 0]
    local = origin.index_select(0, owner) + depth[:, None] * local_direction
    x, y, z = local.unbind(1)
    taper_x, taper_y = primitives.taper.index_select(0, owner).unbind(1)
    local_normal = normal(primitives.shape[owner], (x, y, z), (taper_x, taper_y))
    transposed = to_local.float().mT.contiguous().index_select(0, owner)
    world_normal = (transposed @ local_normal[..., None])[..., 0]
    world_normal = torch.nn.functional.normalize(world_normal, dim=-1)

    # One pixel to the right (down) along the surface: t (x - d (n.x)/(n.d)) / f.
    facing = (local_normal * local_direction).sum(-1, keepdim=True)
    steepest = (
        _MIN_GRAZING
        * local_normal.norm(dim=-1, keepdim=True)
        * local_direction.norm(dim=-1, keepdim=True)
    )
    facing = torch.minimum(facing, -steepest)
    spread = torch.zeros_like(local)
    for image_axis in (0, 1):
        step = axes[..., image_axis]
        slide = (local_normal * step).sum(-1, keepdim=True) / facing
        spread += (step - slide * local_direction).abs()
    scale = primitives.extent_m.index_select(0, owner) / 2
    spread = spread * scale * (depth / camera.focal_length_px)[:, None]
    axis = (local_normal.abs() / scale).argmax(-1)
    length = direction.norm(dim=-1)
    return Surface(
        position,
        world_normal,
        (local + 1) * scale,
        spread,
        axis,
        -direction / length[:, None],
        depth * length,
    )


def shade(
    primitives: Primitives,
    owner: Tensor,
    surface: Surface,
    conditions: Conditions,
    shadows: Shadows,
    lamps: Tensor,
    headlight: Tensor,
) -> tuple[Tensor, Tensor]:
    """Radiance that surfaces send towards the camera, before haze.

    Args:
        owner: Primitive of each hit, (N,).
        lamps: World positions of street lamps, (L, 3); used at night.
        headlight: World position and unit direction of the camera's own lights, (2, 3).

    Returns:
        Radiance (N, 3), and a wet surface's share of mirrored light (N,).
    """
    material = _Columns(primitives.material.index_select(0, owner))
    albedo, is_pattern, cell = _albedo(material, owner, primitives, surface, conditions)
    n, view = surface.normal, surface.view
    up = n[:, 2]
    soft = torch.tensor([[0.0, 0.0], [0.9, 0.3], [-0.3, 0.9], [-0.9, -0.3], [0.3, -0.9]])
    sharp = torch.tensor([[a, b] for a in (-0.12, 0.12) for b in (-0.12, 0.12)])
    lifted = surface.position + 0.06 * n
    open_sky = shadows.sky.visibility(lifted, soft, 0.25)
    # Open sky from above, a little light from the ground, less of both near the ground.
    near_ground = torch.where(
        surface.axis == 2, 1.0, 1 - 0.4 * torch.exp(-surface.uvw_m[:, 2] / 0.35)
    )
    ambient = (0.62 + 0.38 * up) * (0.4 + 0.6 * open_sky) * near_ground
    light = ambient[:, None] * n.new_tensor(conditions.sky)
    if shadows.sun is not None:
        cosine = n @ shadows.to_sun.to(n)
        # Off the surface by a map pixel's half where the light grazes it, else it shades itself.
        sine = (1 - cosine * cosine).clamp(min=0).sqrt()
        off_surface = surface.position + (0.03 + 0.27 * sine)[:, None] * n
        sunlit = shadows.sun.visibility(off_surface, sharp, 0.06)
        # Leaves let light through: their dark side is lit, too.
        cosine = torch.where(material.foliage > 0, 0.55 * cosine + 0.45, cosine).clamp(min=0)
        sunlit = torch.where(material.foliage > 0, 0.35 + 0.65 * sunlit, sunlit)
        light = light + (cosine * sunlit)[:, None] * n.new_tensor(conditions.sun)
    if conditions.is_night:
        light = light + _lamp_light(surface, lamps, headlight)
    radiance = albedo * light
    grazing = (1 - (n * view).sum(-1).abs()).clamp(0, 1) ** 3
    mirrored = material.gloss * (0.08 + 0.6 * grazing) * (0.5 + 0.5 * open_sky)
    radiance = radiance + mirrored[:, None] * n.new_tensor(conditions.horizon) * (
        0.6 if conditions.is_night else 0.45
    )
    if conditions.is_night:
        lit = torch.where(material.share_u > 0, is_pattern * (cell < 0.35), 1.0)
        warm = n.new_tensor((1.0, 0.78, 0.5))
        color = torch.where((material.share_u > 0)[:, None], warm, material.color)
        radiance = radiance + (material.glow * lit)[:, None] * color
    wet = conditions.wetness * (up > 0.7) * (surface.axis == 2) * (0.12 + 0.75 * grazing)
    return radiance, wet


class _Columns:
    """The table of materials by field: `color` and `accent` (N, 3), the others (N,)."""

    color: Tensor
    accent: Tensor
    period_u_m: Tensor
    period_v_m: Tensor
    share_u: Tensor
    share_v: Tensor
    sides_only: Tensor
    texture_strength: Tensor
    texture_length_m: Tensor
    glow: Tensor
    gloss: Tensor
    foliage: Tensor

    def __init__(self, table: Tensor) -> None:
        column = 0
        for item in fields(Material):
            is_color = item.name in ("color", "accent")
            size = 3 if is_color else 1
            values = table[:, column : column + size]
            setattr(self, item.name, values if is_color else values[:, 0])
            column += size


def _albedo(
    material: _Columns,
    owner: Tensor,
    primitives: Primitives,
    surface: Surface,
    conditions: Conditions,
) -> tuple[Tensor, Tensor, Tensor]:
    """Albedo (N, 3), share of the pattern (N,), and a random number of its cell (N,)."""
    # Surface coordinates: across and up on sides, along and across on level faces.
    first = torch.where(surface.axis == 0, 1, 0)[:, None]
    second = torch.where(surface.axis == 2, 1, 2)[:, None]
    u, v = (surface.uvw_m.gather(1, i)[:, 0] for i in (first, second))
    spread_u, spread_v = (surface.spread_m.gather(1, i)[:, 0] for i in (first, second))

    share = covered_share(u, material.period_u_m, material.share_u, spread_u)
    share = share * covered_share(v, material.period_v_m, material.share_v, spread_v)
    share = torch.where((surface.axis == 2) & (material.sides_only > 0), 0.0, share)
    cell = cell_random(
        (u / material.period_u_m).floor(), (v / material.period_v_m).floor(), owner + surface.axis
    )

    # Textures of neighbouring primitives continue: they are placed by the world's origin.
    base = (primitives.local_from_world @ primitives.center[..., None])[..., 0].float()
    base = (base * primitives.extent_m / 2).index_select(0, owner)
    footprint = 0.6 * torch.maximum(spread_u, spread_v) + 0.4 * torch.minimum(spread_u, spread_v)
    noise = fractal_noise(
        u + base.gather(1, first)[:, 0],
        v + base.gather(1, second)[:, 0],
        material.texture_length_m,
        footprint,
        conditions.num_octaves,
    )
    contrast = material.texture_strength * conditions.texture_gain
    textured = (1 + contrast * noise).clamp(0.15, 2.2)
    # Windows differ from one another until they are smaller than a pixel.
    resolved = (material.period_u_m / spread_u / 3).clamp(0, 1)
    accent = material.accent * (1 + 0.7 * (cell - 0.5) * resolved)[:, None]
    albedo = material.color * textured[:, None]
    albedo = albedo + share[:, None] * (accent * (0.6 + 0.4 * textured[:, None]) - albedo)
    grey = (albedo * albedo.new_tensor(_LUMINANCE)).sum(-1, keepdim=True)
    albedo = (grey + conditions.saturation * (albedo - grey)) * conditions.albedo_gain
    darkened = 1 - 0.45 * conditions.wetness * (surface.axis == 2)
    return albedo.clamp(0.01, 0.95) * darkened[:, None], share, cell


def _lamp_light(surface: Surface, lamps: Tensor, headlight: Tensor) -> Tensor:
    """Light of street lamps and of the camera's own headlights, shape (N, 3)."""
    position, direction = headlight.to(surface.position)
    away = surface.position - position
    distance2 = (away * away).sum(-1).clamp(min=1)
    unit = away / distance2.sqrt()[:, None]
    cosine = -(surface.normal * unit).sum(-1)
    off_axis2 = 2 * (1 - (unit @ direction)).clamp(min=0)
    beam = torch.exp(-off_axis2 / 0.16) * cosine.clamp(min=0) / distance2
    total = _HEADLIGHT * beam[:, None] * surface.position.new_tensor((1.0, 0.95, 0.85))
    sodium = surface.position.new_tensor((1.0, 0.75, 0.42))
    for lamp in lamps:
        to_lamp = lamp.to(surface.position) - surface.position
        distance2 = (to_lamp * to_lamp).sum(-1).clamp(min=0.5)
        cosine = ((surface.normal * to_lamp).sum(-1) / distance2.sqrt()).clamp(min=0)
        down = (to_lamp[:, 2] / distance2.sqrt()).clamp(min=0)
        total = total + (_STREET_LAMP * cosine * down / distance2)[:, None] * sodium
    return total
